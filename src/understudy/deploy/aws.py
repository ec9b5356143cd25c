"""boto3, and what its errors mean for a person. Nothing else here imports it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import DeployError

NO_CREDENTIALS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}
    | {"SSOTokenLoadError", "UnauthorizedSSOTokenError", "TokenRetrievalError"}
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
STALE = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidAccessKeyId"}
    | {"UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException"}
)
ABSENT = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound", "ResourceNotFoundException"})


@dataclass(frozen=True)
class Account:
    """An AWS account, in one region, as the AWS tools' own settings have it.

    Attributes:
        session: boto3's.
        region: where.
    """

    session: Any
    region: str

    @cached_property
    def id(self) -> str:
        """Twelve digits."""
        with explained("ask AWS who you are"):
            return str(self.client("sts").get_caller_identity()["Account"])

    def client(self, service: str) -> Any:
        """What calls a service.

        Raises:
            DeployError: the region or a variable of the AWS tools cannot be used.
        """
        try:
            with explained(f"call AWS in {self.region!r}"):
                return self.session.client(service)
        except ValueError as error:  # botocore has no kind of its own for an endpoint
            raise DeployError(
                f"cannot call AWS: {error}",
                hint="check AWS_ENDPOINT_URL, which begins with http:// or https://, and the other"
                " AWS_ variables",
            ) from error


def account(region: str | None) -> Account:
    """The account that the AWS tools would use.

    Raises:
        DeployError: boto3 is not installed, or no region is named.
    """
    try:
        import boto3
    except ImportError:
        raise DeployError(
            "boto3 is not installed, which deploying needs",
            hint="pip install 'understudy[aws]'",
        ) from None
    with explained("read the settings of the AWS tools"):
        # boto3 does not know AWS_REGION, which all other tools take.
        session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
    if not session.region_name:
        raise DeployError(
            "no region is named", hint="give --region, or set AWS_REGION, such as eu-central-1"
        )
    return Account(session, session.region_name)


def code_of(error: Exception) -> str:
    """The code of an error of AWS'; "" for any other."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn what boto3 raises into an error of one line: cannot `what`, and why."""
    try:
        yield
    except Exception as error:
        foreign = type(error).__module__.startswith(("botocore", "boto3", "s3transfer"))
        if not foreign and not isinstance(error, OSError):  # as of AWS_CA_BUNDLE
            raise
        raise DeployError(f"cannot {what}: {_said(error)}", hint=_hint(error)) from error


def _said(error: Exception) -> str:
    response = getattr(error, "response", None)
    if isinstance(response, dict) and response.get("Error", {}).get("Message"):
        return str(response["Error"]["Message"]).strip().rstrip(".")
    return " ".join(str(error).split())


def _hint(error: Exception) -> str:
    name, code = type(error).__name__, code_of(error)
    if name in NO_CREDENTIALS:
        return "`aws configure` sets credentials up, `aws sso login` renews them"
    if name == "ProfileNotFound":
        return "check AWS_PROFILE against the output of `aws configure list-profiles`"
    if code in STALE:
        return "renew your credentials: `aws sso login`, or new keys"
    if code in DENIED:
        return "these credentials may not do it; use some of an administrator of the account"
    if any(word in name for word in ("Connection", "Timeout", "Region")):
        return "check the network, the region, and AWS_ENDPOINT_URL if it is set"
    return "see what AWS says, then try again; nothing that serves was changed by this"
