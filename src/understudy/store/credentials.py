"""Where AWS credentials come from, and when they are fetched again.

A source is a function that gives credentials. `Credentials` keeps what it gave until shortly
before it expires. Nothing here speaks to S3. What only some sources need is imported by them:
imports are cold-start time, and in a Lambda function the credentials are in the variables.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from ..errors import StoreError

if TYPE_CHECKING:
    from obstore.store import S3Credential

EARLY = timedelta(minutes=5)
"""How long before they expire credentials are fetched again."""

PROCESS_SECONDS = 60.0
ANSWER_SECONDS = 5.0

CONTAINER_HOST = "http://169.254.170.2"
"""Where ECS gives the credentials of a task."""

_OWN_HOSTS = ("localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23")
"""To these, secrets may go without encryption: they are on this machine."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs a request; without `expires` it is valid for good."""

    access: str
    secret: str
    token: str | None = None
    expires: datetime | None = None


Source = Callable[[], Keys]


class Credentials:
    """Credentials that stay fresh, in the form in which obstore asks for them."""

    def __init__(
        self, source: Source, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._source = source
        self._now = now
        self._keys: Keys | None = None
        self._lock = threading.Lock()

    def __call__(self) -> S3Credential:
        """Give them; fetched when there are none, or when they are about to expire.

        Raises:
            StoreError: there are none to be had.
        """
        with self._lock:
            if self._keys is None or self._expires_within(self._keys, EARLY):
                try:
                    self._keys = self._source()
                except StoreError:
                    if self._keys is None or self._expires_within(self._keys, timedelta()):
                        raise
            keys = self._keys
        return {
            "access_key_id": keys.access,
            "secret_access_key": keys.secret,
            "token": keys.token,
            "expires_at": keys.expires,
        }

    def _expires_within(self, keys: Keys, time: timedelta) -> bool:
        return keys.expires is not None and keys.expires - self._now() < time


def from_process(command: list[str], environ: Mapping[str, str], *, hint: str) -> Keys:
    """Run a `credential_process`.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
    """
    import subprocess

    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROCESS_SECONDS,
        )
    except subprocess.TimeoutExpired:
        said = f"it did not end within {PROCESS_SECONDS:.0f} s"
    except OSError as error:
        said = error.strerror or str(error)
    else:
        if done.returncode == 0:
            return _keys(done.stdout, f"the command {command[0]}", hint)
        words = done.stderr.decode(errors="replace").strip()
        said = words.rpartition("\n")[2] or f"it ended with code {done.returncode}"
    raise StoreError(f"the command {command[0]} gave no AWS credentials: {said}", hint=hint)


def from_sso(
    cache: Path, *, session: str, account: str, role: str, endpoint: str, hint: str
) -> Keys:
    """Exchange the token that `aws sso login` left for the credentials of a role.

    https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html
    """
    import hashlib
    import json

    path = cache / f"{hashlib.sha1(session.encode()).hexdigest()}.json"
    try:
        login = json.loads(path.read_bytes())
        token, expires = str(login["accessToken"]), _time(login["expiresAt"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError("there is no AWS SSO login on this machine", hint=hint) from error
    if expires < datetime.now(UTC):
        raise StoreError("the AWS SSO login has expired", hint=hint)
    query = urlencode({"role_name": role, "account_id": account})
    answer = _fetch(
        f"{endpoint}/federation/credentials?{query}",
        {"x-amz-sso_bearer_token": token},
        f"credentials of the role {role}",
        hint,
    )
    return _keys(answer, "AWS SSO", hint)


def from_container(uri: str, token: str | None) -> Keys:
    """Ask the container's own agent; so do ECS, EKS, and Lambda with SnapStart.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
    """
    parts = urlsplit(uri)
    hint = "check AWS_CONTAINER_CREDENTIALS_FULL_URI and what belongs to it"
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in _OWN_HOSTS):
        raise StoreError(f"credentials are not fetched unencrypted from {uri}", hint=hint)
    headers = {} if token is None else {"Authorization": token}
    return _keys(_fetch(uri, headers, "credentials of the container", hint), uri, hint)


def _fetch(url: str, headers: dict[str, str], what: str, hint: str) -> bytes:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, headers=headers), timeout=ANSWER_SECONDS) as answer:
            data: bytes = answer.read(1_000_000)
            return data
    except HTTPError as error:
        with error:
            raise StoreError(f"{what} were refused: HTTP {error.code}", hint=hint) from error
    except OSError as error:
        host = urlsplit(url).netloc
        raise StoreError(f"{what} could not be fetched from {host}: {error}", hint=hint) from error


def _keys(data: bytes, who: str, hint: str) -> Keys:
    import json

    try:
        found: dict[str, Any] = json.loads(data)
        # SSO wraps them, and writes its names with a small letter.
        found = {name.lower(): value for name, value in found.get("roleCredentials", found).items()}
        expires = found.get("expiration")
        return Keys(
            str(found["accesskeyid"]),
            str(found["secretaccesskey"]),
            found.get("sessiontoken") or found.get("token"),
            None if expires is None else _time(expires),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"what {who} answered are no AWS credentials", hint=hint) from error


def _time(value: object) -> datetime:
    """Read a time: ISO 8601, or milliseconds since 1970."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC)
    time = datetime.fromisoformat(str(value))
    return time if time.tzinfo else time.replace(tzinfo=UTC)
