"""The settings of the AWS tools: variables, and the profiles in `~/.aws`.

The order in which credentials are looked for is that of the AWS tools. The roles of EC2 machines
and of web identities (EKS, CI systems) are obstore's own business: for these, `credentials` is
None. Roles that are taken on with the credentials of another profile are left to the AWS command
line tool, because that is a protocol of its own.

https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..errors import InputError, StoreError
from .credentials import (
    CONTAINER_HOST,
    Credentials,
    Keys,
    Source,
    from_container,
    from_process,
    from_sso,
)

DEFAULT_REGION = "us-east-1"

Section = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a bucket is reached.

    Attributes:
        region: of the bucket.
        endpoint: a server's URL; None is AWS itself.
        ca_bundle: the certificates to be trusted besides the usual ones, as PEM.
        credentials: None where obstore finds them itself.
    """

    region: str
    endpoint: str | None
    ca_bundle: bytes | None
    credentials: Credentials | None


def settings(environ: Mapping[str, str]) -> Settings:
    """Read the variables, and the profile that they name or else `default`.

    Raises:
        InputError: the profile does not exist, or what was set cannot be used.
    """
    profiles = _Profiles(environ)
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    region = region or profiles.profile.get("region") or DEFAULT_REGION
    source = _source(environ, profiles)
    return Settings(
        region,
        _endpoint(environ, profiles, region),
        _ca_bundle(environ, profiles),
        None if source is None else Credentials(source),
    )


class _Profiles:
    """The two files, and what they say of the profile that is used."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.home = _home(environ)
        config = _read(self._file(environ, "AWS_CONFIG_FILE", "config"))
        shared = _read(self._file(environ, "AWS_SHARED_CREDENTIALS_FILE", "credentials"))
        self.config = config
        named = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
        self.name = named or "default"
        title = "default" if self.name == "default" else f"profile {self.name}"
        if named and title not in config and self.name not in shared:
            raise InputError(
                f"there is no AWS profile {self.name}",
                hint="check AWS_PROFILE against the output of `aws configure list-profiles`",
            )
        self.profile: Section = {**config.get(title, {}), **shared.get(self.name, {})}

    def _file(self, environ: Mapping[str, str], variable: str, name: str) -> Path:
        named = environ.get(variable)
        if not named:
            return self.home / ".aws" / name
        return self.home / named[2:] if named.startswith("~/") else Path(named)


def _home(environ: Mapping[str, str]) -> Path:
    if environ.get("HOME"):
        return Path(environ["HOME"])
    try:
        return Path.home()
    except RuntimeError:  # a user without a home, as in some containers
        return Path("/")


def _read(path: Path) -> dict[str, Section]:
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read: {error}", hint="mend the file, or move it away"
        ) from error

    import configparser

    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(text, str(path))
    except configparser.Error as error:
        said = str(error).partition("\n")[0]
        raise InputError(
            f"{path} cannot be read: {said}", hint="mend the file, or move it away"
        ) from error
    return {" ".join(title.split()): dict(parser[title]) for title in parser.sections()}


def _endpoint(environ: Mapping[str, str], profiles: _Profiles, region: str) -> str | None:
    services = profiles.config.get(f"services {profiles.profile.get('services')}", {})
    found = (
        environ.get("AWS_ENDPOINT_URL_S3")
        or environ.get("AWS_ENDPOINT_URL")
        or _nested(services, "s3").get("endpoint_url")
        or _nested(profiles.profile, "s3").get("endpoint_url")
        or profiles.profile.get("endpoint_url")
    )
    if not found:
        return f"https://s3.{region}.amazonaws.com.cn" if region.startswith("cn-") else None
    if not found.startswith(("http://", "https://")):
        raise InputError(
            f"the AWS endpoint {found} is no URL",
            hint="write it with http:// or https:// in AWS_ENDPOINT_URL",
        )
    return found.rstrip("/")


def _nested(section: Section, name: str) -> Section:
    """Read the lines that are indented below a name: the AWS tools' own extension of the format."""
    lines = (line.partition("=") for line in section.get(name, "").splitlines())
    return {key.strip(): value.strip() for key, equals, value in lines if equals}


def _ca_bundle(environ: Mapping[str, str], profiles: _Profiles) -> bytes | None:
    named = environ.get("AWS_CA_BUNDLE") or profiles.profile.get("ca_bundle")
    if not named:
        return None
    try:
        return Path(named).read_bytes()
    except OSError as error:
        raise InputError(
            f"the certificates in {named} cannot be read: {error.strerror}",
            hint="check AWS_CA_BUNDLE, or unset it",
        ) from error


def _source(environ: Mapping[str, str], profiles: _Profiles) -> Source | None:
    profile, name = profiles.profile, profiles.name
    if "AWS_ACCESS_KEY_ID" in environ:
        return _static(
            environ.get("AWS_ACCESS_KEY_ID"),
            environ.get("AWS_SECRET_ACCESS_KEY"),
            environ.get("AWS_SESSION_TOKEN"),
            "the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    if "role_arn" in profile:
        return _by_tool(environ, name, "takes on a role")
    if environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        return None
    if "sso_account_id" in profile or "sso_role_name" in profile:
        return _sso(environ, profiles)
    if "aws_access_key_id" in profile:
        return _static(
            profile["aws_access_key_id"],
            profile.get("aws_secret_access_key"),
            profile.get("aws_session_token"),
            f"the AWS profile {name}",
        )
    if "credential_process" in profile:
        command = shlex.split(profile["credential_process"])
        hint = f"run the credential_process of the AWS profile {name} by hand"
        return partial(from_process, command, environ, hint=hint)
    if "login_session" in profile:
        return _by_tool(environ, name, "uses `aws login`")
    return _of_this_machine(environ)


def _static(access: str | None, secret: str | None, token: str | None, where: str) -> Source:
    if not access or not secret:
        raise InputError(
            f"{where} give only one half of the AWS credentials",
            hint="set both the access key id and the secret access key",
        )
    keys = Keys(access, secret, token)
    return lambda: keys


def _sso(environ: Mapping[str, str], profiles: _Profiles) -> Source:
    profile, name = profiles.profile, profiles.name
    session = profile.get("sso_session")
    shared = profiles.config.get(f"sso-session {session}", {}) if session else profile
    account, role = profile.get("sso_account_id"), profile.get("sso_role_name")
    region, start = shared.get("sso_region"), shared.get("sso_start_url")
    if not (account and role and region and start):
        raise InputError(
            f"the AWS profile {name} does not say all that SSO needs",
            hint=f"run `aws configure sso --profile {name}`",
        )
    direct = partial(
        from_sso,
        profiles.home / ".aws" / "sso" / "cache",
        session=session or start,
        account=account,
        role=role,
        endpoint=environ.get("AWS_ENDPOINT_URL_SSO")
        or f"https://portal.sso.{region}.amazonaws.com",
        hint=f"run `aws sso login --profile {name}`",
    )

    def source() -> Keys:
        try:
            return direct()
        except StoreError:
            # The tool can renew a login without a browser.
            if shutil.which("aws", path=environ.get("PATH")) is None:
                raise
        return _by_tool(environ, name, "uses SSO")()

    return source


def _by_tool(environ: Mapping[str, str], name: str, why: str) -> Source:
    export = f"aws configure export-credentials --profile {shlex.quote(name)}"

    def source() -> Keys:
        tool = shutil.which("aws", path=environ.get("PATH"))
        if tool is None:
            raise StoreError(
                f"the AWS profile {name} {why}, which needs the AWS command line tool, version 2",
                hint=f"install it, or set what `{export} --format env` prints elsewhere",
            )
        command = [tool, *shlex.split(export)[1:], "--format", "process"]
        return from_process(
            command,
            environ,
            hint=f"run `aws sso login --profile {name}` if the "
            f"profile uses SSO, and try `{export}`",
        )

    return source


def _of_this_machine(environ: Mapping[str, str]) -> Source | None:
    relative = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    uri = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if relative or uri:
        return partial(_container, CONTAINER_HOST + relative if relative else str(uri), environ)
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return _none
    return None


def _container(uri: str, environ: Mapping[str, str]) -> Keys:
    file = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if not file:
        return from_container(uri, environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
    try:
        return from_container(uri, Path(file).read_text().strip())
    except OSError as error:
        raise StoreError(
            f"the container's token in {file} cannot be read: {error.strerror}",
            hint="check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ) from error


def _none() -> Keys:
    raise StoreError(NO_CREDENTIALS, hint=NO_CREDENTIALS_HINT)


NO_CREDENTIALS = "there are no AWS credentials"
NO_CREDENTIALS_HINT = (
    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role"
)
