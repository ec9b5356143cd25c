"""Stacks on MiniStack, with tiny functions: made, changed, refused, taken away, made again."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from understudy.deploy.aws import Account
from understudy.deploy.bucket import CODE, Bucket
from understudy.deploy.plan import Plan
from understudy.deploy.stack import Stack
from understudy.deploy.template import Code, bucket_only, template
from understudy.deploying import destroy, find_deployed
from understudy.errors import DeployError

from .cloud import REGION

RUNS = (f"run{number}" for number in itertools.count())


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    path = tmp_path / "code.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context): return event")
    return path


def test_a_stack_is_made_changed_and_taken_away(where: Account, zipped: Path) -> None:
    plan = Plan("leaves", memory=512)
    bucket = Bucket(where, plan.bucket(where.id, where.region))
    stack = Stack(where, plan.name)
    assert stack.found() is None
    assert not bucket.exists()
    assert "Models" not in stack.resources()

    stack.apply(bucket_only(plan), next(RUNS))
    assert bucket.exists()
    assert "Models" in stack.resources()
    place = bucket.put_code(zipped, "1" * 64)
    assert bucket.put_code(zipped, "1" * 64) == place == bucket.code_place("1" * 64)
    code = Code(place, place, "1" * 64)

    planned = stack.plan(template(plan, code), next(RUNS))
    changed = stack.apply(template(plan, code), next(RUNS))
    assert {change.resource for change in planned} == {change.resource for change in changed}
    assert stack.outputs()["Store"] == f"s3://{bucket.name}"
    assert set(stack.outputs()) == {"Store", "Alarms", "DevUrl", "ProdUrl"}

    assert stack.apply(template(plan, code), next(RUNS)) == ()
    more = replace(plan, memory=1024)
    assert "Dev" in {c.resource for c in stack.apply(template(more, code), next(RUNS))}
    config = where.client("lambda").get_function_configuration(FunctionName=plan.function("dev"))
    assert config["MemorySize"] == 1024

    where.client("s3").put_object(Bucket=bucket.name, Key="leaves/dev/labels.txt", Body=b"a\n")
    assert stack.delete()
    assert not stack.delete()
    bucket.put_code(zipped, "2" * 64)
    assert bucket.remove_code({"1" * 64}) == 1
    assert bucket.remove_code({"1" * 64}) == 0
    assert bucket.remove_code() == 1
    listed = where.client("s3").list_objects_v2(Bucket=bucket.name)["Contents"]
    assert [one["Key"] for one in listed] == ["leaves/dev/labels.txt"]

    kept = replace(plan, has_bucket=False)
    bucket.put_code(zipped, "1" * 64)
    stack.apply(template(kept, code), next(RUNS))
    bucket.send_events()
    bucket.send_events()
    said = where.client("s3").get_bucket_notification_configuration(Bucket=bucket.name)
    assert "EventBridgeConfiguration" in said
    assert "Models" not in stack.resources()
    assert stack.delete()
    assert bucket.exists()


def test_a_plan_of_a_new_stack_leaves_nothing(where: Account) -> None:
    plan = Plan("dry")
    code = Code(*({"S3Bucket": "b", "S3Key": "k"},) * 2, "0" * 64)
    stack = Stack(where, plan.name)
    assert "Dev" in {change.resource for change in stack.plan(template(plan, code), next(RUNS))}
    assert stack.found() is None


def test_a_stack_that_fails_says_why_and_can_be_made_then(where: Account, zipped: Path) -> None:
    plan = Plan("broken")
    bucket = Bucket(where, plan.bucket(where.id, where.region))
    stack = Stack(where, plan.name)
    absent = {"S3Bucket": "no-such-bucket", "S3Key": "none.zip"}
    wrong = template(plan, Code(absent, absent, "0" * 64))
    wrong["Resources"]["DevUrl"]["Properties"]["TargetFunctionArn"] = "no-such-function"
    with pytest.raises(DeployError, match="could not be changed") as raised:
        stack.apply(wrong, next(RUNS))
    assert any(problem.startswith("DevUrl: ") for problem in raised.value.problems)
    place = {"S3Bucket": bucket.name, "S3Key": f"{CODE}/x.zip"}
    if not bucket.exists():
        stack.apply(bucket_only(plan), next(RUNS))
    where.client("s3").upload_file(str(zipped), bucket.name, place["S3Key"])
    kept = replace(plan, has_bucket="Models" in stack.resources())
    stack.apply(template(kept, Code(place, place, "0" * 64)), next(RUNS))
    assert "DevUrl" in stack.outputs()
    stack.delete()


def test_what_is_left_of_a_deployment_that_failed_is_destroyed(where: Account) -> None:
    plan = Plan("halfway")
    absent = {"S3Bucket": "no-such-bucket", "S3Key": "none.zip"}
    wrong = template(plan, Code(absent, absent, "0" * 64))
    wrong["Resources"]["DevUrl"]["Properties"]["TargetFunctionArn"] = "no-such-function"
    with pytest.raises(DeployError, match="could not be changed"):
        Stack(where, plan.name).apply(wrong, next(RUNS))
    assert Stack(where, plan.name).found() is not None
    assert destroy(plan, region=REGION).startswith("s3://understudy-halfway-")
    assert Stack(where, plan.name).found() is None
    with pytest.raises(DeployError, match="not deployed"):
        destroy(plan, region=REGION)


@pytest.mark.parametrize("public", [False, True])
def test_it_is_found_again_whether_urls_are_public(
    where: Account, zipped: Path, public: bool
) -> None:
    plan = Plan(f"found{public}", public=public)
    bucket = Bucket(where, plan.bucket(where.id, where.region))
    stack = Stack(where, plan.name)
    stack.apply(bucket_only(plan), next(RUNS))
    place = bucket.put_code(zipped, "1" * 64)
    stack.apply(template(plan, Code(place, place, "1" * 64)), next(RUNS))
    found = find_deployed(Plan(plan.model), REGION)
    assert (found.public, found.region, set(found.urls)) == (public, REGION, {"dev", "prod"})
    destroy(plan, region=REGION)
