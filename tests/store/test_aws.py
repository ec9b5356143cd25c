"""The settings of the AWS tools: each case is variables, files, and what comes of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from understudy.errors import InputError, StoreError
from understudy.store.aws import Settings, settings

CONFIG = """
# a comment
[default]
region = eu-west-1
[profile  keys]
region = eu-central-1
endpoint_url = http://localhost:9000/
aws_access_key_id = from-config
aws_secret_access_key = secret
[profile services]
services = local
[services local]
dynamodb =
  endpoint_url = http://localhost:1
s3 =
  signature_version = s3v4
  endpoint_url = http://localhost:2
[profile nested]
s3 =
  endpoint_url = http://localhost:3
[profile half]
aws_access_key_id = only
[profile process]
credential_process = {python} "{script}" process
[profile broken-process]
credential_process = {python} "{script}" fail
[profile strange-process]
credential_process = {python} "{script}" strange
[profile no-process]
credential_process = /nowhere/at-all
[profile role]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = keys
[profile login]
login_session = arn:aws:iam::123456789012:user/me
[profile half-sso]
sso_account_id = 123456789012
[profile cn]
region = cn-north-1
"""

SHARED = """
[keys]
aws_access_key_id = from-credentials
aws_secret_access_key = secret%20with=signs
[other]
aws_access_key_id = other
aws_secret_access_key = secret
aws_session_token = token
"""

SCRIPT = """
import json, os, sys
if sys.argv[1] == "fail":
    sys.exit("first line\\nthe door is shut")
if sys.argv[1] == "strange":
    print("hello"); sys.exit()
print(json.dumps({"Version": 1, "AccessKeyId": "by-process", "SecretAccessKey": "secret",
  "SessionToken": " ".join(sys.argv[1:]), "Expiration": "2099-01-01T00:00:00Z"}))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    script = tmp_path / "a script.py"
    script.write_text(SCRIPT)
    (tmp_path / ".aws").mkdir()
    config = CONFIG.format(python=sys.executable, script=script)
    (tmp_path / ".aws" / "config").write_text(config)
    (tmp_path / ".aws" / "credentials").write_text(SHARED)
    return tmp_path


def read(home: Path, **variables: str) -> Settings:
    return settings({"HOME": str(home), "PATH": "/nowhere", **variables})


def key(found: Settings) -> str:
    assert found.credentials is not None
    return found.credentials()["access_key_id"]


@pytest.mark.parametrize(
    ("variables", "region", "endpoint"),
    [
        ({}, "eu-west-1", None),
        ({"AWS_DEFAULT_REGION": "a"}, "a", None),
        ({"AWS_DEFAULT_REGION": "a", "AWS_REGION": "b"}, "b", None),
        ({"AWS_PROFILE": "keys"}, "eu-central-1", "http://localhost:9000"),
        ({"AWS_DEFAULT_PROFILE": "keys"}, "eu-central-1", "http://localhost:9000"),
        ({"AWS_PROFILE": "keys", "AWS_ENDPOINT_URL": "https://e"}, "eu-central-1", "https://e"),
        ({"AWS_ENDPOINT_URL": "http://e", "AWS_ENDPOINT_URL_S3": "http://s"}, None, "http://s"),
        ({"AWS_PROFILE": "services"}, "us-east-1", "http://localhost:2"),
        ({"AWS_PROFILE": "nested"}, "us-east-1", "http://localhost:3"),
        ({"AWS_PROFILE": "other"}, "us-east-1", None),
        ({"AWS_PROFILE": "cn"}, "cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_region_and_endpoint(
    home: Path, variables: dict[str, str], region: str | None, endpoint: str | None
) -> None:
    found = read(home, **variables)
    assert found.region == (region or "eu-west-1")
    assert found.endpoint == endpoint


def test_nothing_is_set(tmp_path: Path) -> None:
    assert read(tmp_path) == Settings("us-east-1", None, None, None)


@pytest.mark.parametrize(
    ("variables", "access"),
    [
        ({"AWS_PROFILE": "keys"}, "from-credentials"),
        ({"AWS_PROFILE": "other"}, "other"),
        ({"AWS_PROFILE": "process"}, "by-process"),
        (
            {
                "AWS_PROFILE": "keys",
                "AWS_ACCESS_KEY_ID": "by-variable",
                "AWS_SECRET_ACCESS_KEY": "s",
            },
            "by-variable",
        ),
    ],
)
def test_credentials(home: Path, variables: dict[str, str], access: str) -> None:
    assert key(read(home, **variables)) == access


def test_what_credentials_are_made_of(home: Path) -> None:
    credentials = read(home, AWS_PROFILE="other").credentials
    assert credentials is not None
    assert credentials() == {
        "access_key_id": "other",
        "secret_access_key": "secret",
        "token": "token",
        "expires_at": None,
    }
    credentials = read(home, AWS_PROFILE="keys").credentials
    assert credentials is not None
    assert credentials()["secret_access_key"] == "secret%20with=signs"


def test_files_may_be_elsewhere(home: Path) -> None:
    (home / "other-config").write_text("[default]\nregion = elsewhere\n")
    (home / "other-keys").write_text(
        "[default]\naws_access_key_id = elsewhere\naws_secret_access_key = s\n"
    )
    found = read(
        home,
        AWS_CONFIG_FILE=str(home / "other-config"),
        AWS_SHARED_CREDENTIALS_FILE="~/other-keys",
    )
    assert found.region == key(found) == "elsewhere"


def test_roles_of_web_identities_and_machines_are_obstore_s_own(home: Path) -> None:
    assert read(home).credentials is None
    assert read(home, AWS_WEB_IDENTITY_TOKEN_FILE="/token", AWS_ROLE_ARN="arn").credentials is None


def test_certificates(home: Path) -> None:
    (home / "ca.pem").write_bytes(b"certificates")
    assert read(home, AWS_CA_BUNDLE=str(home / "ca.pem")).ca_bundle == b"certificates"
    with pytest.raises(InputError, match=r"nothing\.pem cannot be read"):
        read(home, AWS_CA_BUNDLE=str(home / "nothing.pem"))


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AWS_PROFILE": "nobody"}, "there is no AWS profile nobody"),
        ({"AWS_PROFILE": "half"}, "the AWS profile half give only one half"),
        ({"AWS_PROFILE": "half-sso"}, "does not say all that SSO needs"),
        ({"AWS_ACCESS_KEY_ID": "only"}, "give only one half"),
        ({"AWS_ENDPOINT_URL": "localhost:9000"}, "localhost:9000 is no URL"),
    ],
)
def test_what_is_refused_at_once(home: Path, variables: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read(home, **variables)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("variables", "words", "hint"),
    [
        ({"AWS_PROFILE": "broken-process"}, "the door is shut", "by hand"),
        ({"AWS_PROFILE": "strange-process"}, "are no AWS credentials", "by hand"),
        ({"AWS_PROFILE": "no-process"}, "No such file", "by hand"),
        (
            {"AWS_PROFILE": "role"},
            "takes on a role, which needs the AWS command line tool",
            "aws configure export-credentials --profile role",
        ),
        ({"AWS_PROFILE": "login"}, "uses `aws login`", "export-credentials --profile login"),
        ({"AWS_EC2_METADATA_DISABLED": "true"}, "there are no AWS credentials", "AWS_PROFILE"),
    ],
)
def test_credentials_that_cannot_be_had(
    home: Path, variables: dict[str, str], words: str, hint: str
) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        key(read(home, **variables))
    assert hint in caught.value.hint
    assert "secret" not in str(caught.value)


def test_a_role_is_taken_on_by_the_aws_tool(home: Path) -> None:
    tool = home / "bin" / "aws"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} "{home}/a script.py" "$@"\n')
    tool.chmod(0o755)
    credentials = read(home, AWS_PROFILE="role", PATH=f"{tool.parent}:/usr/bin:/bin").credentials
    assert credentials is not None
    asked = "configure export-credentials --profile role --format process"
    assert credentials()["token"] == asked


def test_a_damaged_file_is_our_error(home: Path) -> None:
    (home / ".aws" / "config").write_text("no section = 1\n")
    with pytest.raises(InputError, match="config cannot be read"):
        read(home)
    (home / ".aws" / "config").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="config cannot be read"):
        read(home)
