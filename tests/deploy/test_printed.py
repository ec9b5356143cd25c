"""What people read of a deployment: commands that work as they are printed."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.cli import deployed
from understudy.deploy.stack import Change
from understudy.deploying import Deployed

DEV = "https://dev.lambda-url.eu-west-3.on.aws/"
TOPIC = "arn:aws:sns:eu-west-3:1:a"


def printed(capsys: pytest.CaptureFixture[str], **said: Any) -> str:
    usual = {
        "store": "s3://b",
        "region": "eu-west-3",
        "urls": {"dev": DEV},
        "changes": (),
        "bucket": "there",
        "alarms": TOPIC,
        "public": False,
        "dry": False,
    }
    deployed.deployment("m", Deployed(**(usual | said)), as_json=False)
    return capsys.readouterr().out


def test_the_region_is_in_every_command_that_needs_it(capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys)
    assert "export UNDERSTUDY_STORE=s3://b AWS_REGION=eu-west-3" in said
    assert '--aws-sigv4 "aws:amz:eu-west-3:lambda"' in said
    assert f"--data-binary @image.jpg {DEV}classify" in said
    assert f"sns subscribe --region eu-west-3 --topic-arn {TOPIC}" in said


def test_what_is_public_needs_no_signature(capsys: pytest.CaptureFixture[str]) -> None:
    assert f"  curl --data-binary @image.jpg {DEV}classify" in printed(capsys, public=True)


def test_no_command_is_printed_for_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, urls={}, alarms="")
    assert "curl" not in said
    assert "sns" not in said
    assert "understudy push MODEL_FILES --model m" in said


def test_a_dry_run_lists_changes_and_no_commands(capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, changes=(Change("Replace", "DevUrl", "AWS::Lambda::Url"),), dry=True)
    assert "replace" in said
    assert "nothing was changed" in said
    assert "To go on" not in said
