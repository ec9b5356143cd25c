"""What AWS, its tools and people's settings say wrong becomes one line and a hint."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from understudy.deploy.aws import account, explained
from understudy.errors import DeployError


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No.\n"}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "what", "hint"),
    [
        (refused("AccessDenied"), "cannot look: No", "administrator"),
        (refused("ExpiredToken"), "cannot look: No", "renew your credentials"),
        (refused("SignatureDoesNotMatch"), "cannot look: No", "renew your credentials"),
        (refused("LimitExceeded"), "cannot look: No", "nothing that serves was changed"),
        (NoCredentialsError(), "Unable to locate credentials", "aws configure"),
        (EndpointConnectionError(endpoint_url="x"), "Could not connect", "the region"),
        (FileNotFoundError("no certificates at /x"), "no certificates at /x", "try again"),
    ],
)
def test_an_error_of_aws_is_one_line(error: Exception, what: str, hint: str) -> None:
    with pytest.raises(DeployError) as caught, explained("look"):
        raise error
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_a_fault_of_ours_stays_what_it_is() -> None:
    with pytest.raises(KeyError), explained("look"):
        raise KeyError("x")


@pytest.mark.parametrize(
    ("region", "variables", "why"),
    [
        ("eu central", {}, "'eu central'"),
        ("eu-central-1", {"AWS_ENDPOINT_URL": "localhost:4566"}, "localhost:4566"),
        ("eu-central-1", {"AWS_PROFILE": "nobody"}, "nobody"),
        (None, {}, "no region"),
    ],
)
def test_a_setting_that_is_wrong_is_said(
    region: str | None,
    variables: dict[str, str],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DeployError, match=why):
        account(region).client("cloudformation")
