"""What a dry run says, and that it changes nothing: a CloudFormation of paper."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from botocore.exceptions import ClientError

from understudy.deploy.aws import Account
from understudy.deploy.stack import Change, Stack
from understudy.errors import DeployError

TEMPLATE = {"Resources": {"Dev": {"Type": "AWS::Lambda::Function"}, "Log": {"Type": "Log"}}}
ALL = (Change("Add", "Dev", "AWS::Lambda::Function"), Change("Add", "Log", "Log"))


class Paper:
    """A stack in some state, and what a change set of it is described as."""

    def __init__(self, status: str | None, *described: dict[str, Any]) -> None:
        self.status = status
        self.written: list[str] = []
        self._described = iter(described)

    def client(self, _service: str) -> Paper:
        return self

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self.status is None:
            said = {"Error": {"Code": "ValidationError", "Message": "it does not exist"}}
            raise ClientError(said, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self.status, "StackName": StackName}]}

    def create_change_set(self, **_: object) -> None:
        self.written.append("create")

    def describe_change_set(self, **_: object) -> dict[str, Any]:
        return next(self._described)

    def delete_change_set(self, **_: object) -> None:
        self.written.append("delete")
        raise ClientError({"Error": {"Code": "ChangeSetNotFound"}}, "DeleteChangeSet")

    def stack(self) -> Stack:
        clock = itertools.count(0.0).__next__
        return Stack(Account(self, "eu-central-1"), "s", clock=(clock, lambda _: None))


@pytest.mark.parametrize("status", [None, "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"])
def test_of_a_stack_that_is_not_there_everything_is_new_and_nothing_is_written(
    status: str | None,
) -> None:
    paper = Paper(status)
    assert paper.stack().plan(TEMPLATE, "1") == ALL
    assert paper.written == []


def test_what_is_replaced_is_called_so() -> None:
    one = {"Action": "Modify", "LogicalResourceId": "DevUrl", "ResourceType": "Url"}
    changes = [{"ResourceChange": one | {"Replacement": said}} for said in ("True", "False")]
    paper = Paper("UPDATE_COMPLETE", {"Status": "CREATE_COMPLETE", "Changes": changes})
    found = paper.stack().plan(TEMPLATE, "1")
    assert found == (Change("Replace", "DevUrl", "Url"), Change("Modify", "DevUrl", "Url"))
    assert paper.written == ["create", "delete"]


def test_nothing_to_change() -> None:
    reason = "The submitted information didn't contain changes."
    paper = Paper("CREATE_COMPLETE", {"Status": "FAILED", "StatusReason": reason})
    assert paper.stack().plan(TEMPLATE, "1") == ()
    assert paper.written == ["create", "delete"]


def test_the_reason_of_a_refusal_is_told_though_its_change_set_cannot_be_deleted() -> None:
    paper = Paper("CREATE_COMPLETE", {"Status": "FAILED", "StatusReason": "DevLog is there"})
    with pytest.raises(DeployError, match="DevLog is there"):
        paper.stack().plan(TEMPLATE, "1")
    assert paper.written == ["create", "delete"]


def test_a_stack_that_is_being_changed_is_left_alone() -> None:
    paper = Paper("UPDATE_IN_PROGRESS")
    with pytest.raises(DeployError, match="being changed"):
        paper.stack().plan(TEMPLATE, "1")
    assert paper.written == []
