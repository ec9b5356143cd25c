"""Brings a template into an account, and takes it away again.

CloudFormation does the work, and undoes it when a part of it fails: a deployment that goes wrong
leaves what served before. A change set says beforehand what would change.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..errors import DeployError
from .aws import Account, code_of, explained

Json = dict[str, Any]
Tell = Callable[[str], None]

WAIT_SECONDS = 2.0
LONGEST_SECONDS = 1800.0
MAX_BODY = 51_200
"""Bytes of a template that CloudFormation takes by itself."""

UNBORN = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})
"""A stack whose creation failed can only be deleted."""

GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
NO_CHANGES = ("didn't contain changes", "No updates are to be performed", "no changes")


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of a resource: `Add`, `Modify`, `Replace` (by another one) or `Remove`."""

    action: str
    resource: str
    kind: str


class Stack:
    """One stack of CloudFormation.

    Args:
        account: whose.
        name: its name.
        tell: is told what is done now.
        clock: seconds, and how to wait for some.
    """

    def __init__(
        self,
        account: Account,
        name: str,
        tell: Tell = lambda _: None,
        clock: tuple[Callable[[], float], Callable[[float], None]] = (time.monotonic, time.sleep),
    ) -> None:
        self.name = name
        self._client = account.client("cloudformation")
        self._tell = tell
        self._clock, self._sleep = clock

    def found(self) -> Json | None:
        """What CloudFormation says of the stack; None when there is none."""
        try:
            with explained(f"look at the stack {self.name}"):
                stacks = self._client.describe_stacks(StackName=self.name)["Stacks"]
        except DeployError as error:
            if error.__cause__ is not None and "does not exist" in str(error.__cause__):
                return None
            raise
        return next((s for s in stacks if s["StackStatus"] != "DELETE_COMPLETE"), None)

    def outputs(self) -> dict[str, str]:
        """What it tells of itself; empty when there is none."""
        found = self.found() or {}
        return {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}

    def resources(self) -> frozenset[str]:
        """The names of what is part of it; empty when there is none."""
        if self.found() is None:
            return frozenset()
        with explained(f"look at the stack {self.name}"):
            pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
            return frozenset(
                one["LogicalResourceId"]
                for page in pages
                for one in page["StackResourceSummaries"]
                if not one["ResourceStatus"].startswith("DELETE")
            )

    def plan(self, template: Mapping[str, Any], run: str) -> tuple[Change, ...]:
        """What applying a template would change; nothing is changed.

        Of a stack that is not there, CloudFormation is not asked: it would have to make one.

        Args:
            template: the template.
            run: makes the change set's name another than all others.
        """
        found = self.found()
        if found is None or found["StackStatus"] in UNBORN:
            every: Mapping[str, Json] = template["Resources"]
            return tuple(Change("Add", name, one["Type"]) for name, one in every.items())
        described = self._change_set(template, self._kind(), f"look-{run}")
        if described is None:
            return ()
        self._forget(f"look-{run}")
        return _changes(described)

    def apply(self, template: Mapping[str, Any], run: str) -> tuple[Change, ...]:
        """Bring the stack to what the template says; gives what was changed.

        Raises:
            DeployError: it could not be done; CloudFormation has gone back to what was before.
        """
        kind = self._kind()
        name = f"understudy-{run}"
        described = self._change_set(template, kind, name)
        if described is None:
            return ()
        begun = self._last_event()
        with explained(f"change the stack {self.name}"):
            self._client.execute_change_set(StackName=self.name, ChangeSetName=name)
        status = self._wait()
        if status not in GOOD:
            raise DeployError(
                f"the stack {self.name} could not be changed ({status})",
                hint="mend what is named above, and deploy again; what served before still does",
                problems=self._failures(begun),
            )
        return _changes(described)

    def delete(self) -> bool:
        """Take the stack away, but for what its template says to retain; False without one.

        Raises:
            DeployError: it could not be done.
        """
        found = self.found()
        if found is None:
            return False
        begun = self._last_event()
        with explained(f"delete the stack {self.name}"):
            self._client.delete_stack(StackName=found["StackId"])
        status = self._wait()
        if status != "DELETE_COMPLETE":
            raise DeployError(
                f"the stack {self.name} could not be deleted ({status})",
                hint="mend what is named above, and try again",
                problems=self._failures(begun),
            )
        return True

    def _kind(self) -> str:
        """Whether it has to be created; what is left of a creation that failed is deleted."""
        found = self.found()
        if found is None:
            return "CREATE"
        status = found["StackStatus"]
        if status in UNBORN:
            self._tell("clearing away a deployment that failed")
            self.delete()
            return "CREATE"
        if status.endswith("_IN_PROGRESS"):
            raise DeployError(
                f"the stack {self.name} is being changed at this moment ({status})",
                hint="wait until that is done",
            )
        return "UPDATE"

    def _change_set(self, template: Mapping[str, Any], kind: str, name: str) -> Json | None:
        """Make a change set; None when nothing would change."""
        body = json.dumps(template, separators=(",", ":"))
        if len(body) > MAX_BODY:
            raise DeployError(
                f"the template has {len(body):,} bytes, CloudFormation takes {MAX_BODY:,}",
                hint="deploy fewer stages",
            )
        with explained(f"plan the stack {self.name}"):
            self._client.create_change_set(
                StackName=self.name,
                ChangeSetName=name,
                ChangeSetType=kind,
                TemplateBody=body,
                Capabilities=["CAPABILITY_IAM"],
            )
            deadline = self._clock() + LONGEST_SECONDS
            while self._clock() < deadline:
                described: Json = self._client.describe_change_set(
                    StackName=self.name, ChangeSetName=name
                )
                status, reason = described["Status"], described.get("StatusReason") or ""
                if status == "CREATE_COMPLETE":
                    return described
                if status == "FAILED":
                    self._forget(name)
                    if any(words in reason for words in NO_CHANGES):
                        return None
                    raise DeployError(
                        f"CloudFormation refuses the template: {reason}",
                        hint="mend what it names; if that is the template itself, report it",
                    )
                self._sleep(WAIT_SECONDS / 4)
        raise DeployError(
            f"CloudFormation does not plan the stack {self.name}", hint="try again later"
        )

    def _forget(self, name: str) -> None:
        """Delete a change set that is not executed. One that stays does no harm."""
        with contextlib.suppress(DeployError), explained(f"tidy up the stack {self.name}"):
            self._client.delete_change_set(StackName=self.name, ChangeSetName=name)

    def _wait(self) -> str:
        """Wait until it is still, and tell of each resource."""
        deadline = self._clock() + LONGEST_SECONDS
        said = ""
        while self._clock() < deadline:
            found = self.found()
            status = "DELETE_COMPLETE" if found is None else str(found["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                return status
            text = status.replace("_", " ").lower()
            if text != said:
                said = text
                self._tell(f"{self.name}: {text}")
            self._sleep(WAIT_SECONDS)
        raise DeployError(
            f"the stack {self.name} takes longer than {LONGEST_SECONDS / 60:.0f} minutes",
            hint="look at it in the AWS console; it goes on by itself",
        )

    def _last_event(self) -> datetime | None:
        events = self._events()
        return events[0]["Timestamp"] if events else None

    def _events(self) -> list[Json]:
        with explained(f"look at the stack {self.name}"):
            try:
                found = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
            except Exception as error:
                if code_of(error):  # it is gone
                    return []
                raise
        return list(found)

    def _failures(self, begun: datetime | None) -> tuple[str, ...]:
        """Why resources failed, the first first."""
        failed = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in self._events()
            if str(event.get("ResourceStatus", "")).endswith("FAILED")
            and (begun is None or event["Timestamp"] > begun)
            and "cancelled" not in str(event.get("ResourceStatusReason", ""))
        ]
        return tuple(reversed(failed))


def _changes(described: Json) -> tuple[Change, ...]:
    changes = [one["ResourceChange"] for one in described.get("Changes", [])]
    return tuple(
        Change(
            "Replace" if one.get("Replacement") == "True" else one["Action"],
            one["LogicalResourceId"],
            one["ResourceType"],
        )
        for one in changes
    )
