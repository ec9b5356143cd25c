"""The templates: what is in them, who may do what, and what cfn-lint says."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy.cli.app import app
from understudy.deploy.access import may_admit, may_serve
from understudy.deploy.plan import Plan
from understudy.deploy.serverless import serverless
from understudy.deploy.stack import MAX_BODY
from understudy.deploy.template import Code, dropped, template

from .cloud import program

MODEL = "parasites"
PLANS = [
    Plan(MODEL, stages=stages, snapstart=snapstart, public=public, has_bucket=has_bucket)
    for stages, snapstart, public, has_bucket in itertools.product(
        [("dev", "prod"), ("prod",)], [False, True], [False, True], [False, True]
    )
]
PLACE = {"S3Bucket": "b", "S3Key": "k"}


def made(plan: Plan) -> dict[str, Any]:
    return template(plan, Code(PLACE, PLACE, "0123456789abcdef"))


def references(value: Any) -> Iterator[str]:
    """The names of all resources that something refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("Ref"), str):
            yield value["Ref"]
        if "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        yield from value.get("DependsOn", [])
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


@pytest.mark.parametrize("plan", PLANS)
def test_everything_that_is_named_is_there(plan: Plan) -> None:
    found = made(plan)
    assert set(references(found)) <= set(found["Resources"])
    assert len(json.dumps(found, separators=(",", ":"))) < MAX_BODY


def test_the_bucket_is_private_encrypted_versioned_and_stays() -> None:
    bucket = made(PLANS[1])["Resources"]["Models"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    said = bucket["Properties"]
    assert all(said["PublicAccessBlockConfiguration"].values())
    assert said["VersioningConfiguration"] == {"Status": "Enabled"}
    assert said["BucketEncryption"]


def allowed(statements: list[dict[str, Any]], action: str, key: str) -> bool:
    """What IAM would say, for statements that only allow."""
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{Plan(MODEL).bucket()}/{key}"}["Fn::Sub"]
    for statement in statements:
        actions, resources = statement["Action"], statement["Resource"]
        for resource in resources if isinstance(resources, list) else [resources]:
            named = [actions] if isinstance(actions, str) else actions
            if action in named and fnmatchcase(arn, resource["Fn::Sub"].replace("[", "[[]")):
                return True
    return False


@pytest.mark.parametrize(
    ("action", "key", "serving", "admission"),
    [
        ("s3:GetObject", f"{MODEL}/stages/dev.json", True, True),
        ("s3:GetObject", f"{MODEL}/stages/prod.json", False, True),
        ("s3:GetObject", f"{MODEL}/releases/ab/weights.bin", True, True),
        ("s3:GetObject", f"{MODEL}/dev/weights.h5", False, True),
        ("s3:PutObject", f"{MODEL}/stages/dev.json", False, True),
        ("s3:DeleteObject", f"{MODEL}/releases/ab/weights.bin", False, True),
        ("s3:GetObject", "other/stages/dev.json", False, False),
        ("s3:PutObject", "other/dev/weights.h5", False, False),
        ("s3:PutObject", ".understudy/code/a.zip", False, False),
    ],
)
def test_nobody_may_do_more_than_needed(
    action: str, key: str, serving: bool, admission: bool
) -> None:
    plan = Plan(MODEL)
    assert allowed(may_serve(plan, "dev"), action, key) == serving
    assert allowed(may_admit(plan), action, key) == admission


@pytest.mark.parametrize(
    ("key", "heard"),
    [
        (f"{MODEL}/dev/weights.h5", True),
        (f"{MODEL}/prod/my model.keras", True),
        (f"{MODEL}/dev/status.json", False),
        (f"{MODEL}/releases/ab/release.json", False),
        (f"{MODEL}/stages/dev.json", False),
        (f"{MODEL}/displaced/dev/ab/weights.h5", False),
        (".understudy/code/ab.zip", False),
    ],
)
def test_admission_does_not_wake_itself(key: str, heard: bool) -> None:
    (rule,) = dropped(Plan(MODEL))["detail"]["object"]["key"]
    assert heard != any(fnmatchcase(key, one) for one in rule["anything-but"]["wildcard"])


@pytest.mark.parametrize("public", [False, True])
def test_a_url_is_for_everybody_only_when_that_was_said(public: bool) -> None:
    resources = made(Plan(MODEL, public=public))["Resources"]
    assert resources["DevUrl"]["Properties"]["AuthType"] == ("NONE" if public else "AWS_IAM")
    permissions = [
        one["Properties"] for one in resources.values() if one["Type"] == "AWS::Lambda::Permission"
    ]
    assert any(one["Principal"] == "*" for one in permissions) == public


def test_other_code_is_another_version() -> None:
    plan = Plan(MODEL, snapstart=True)
    names = [
        {
            name
            for name in template(plan, Code(PLACE, PLACE, code))["Resources"]
            if "Version" in name
        }
        for code in ("0123456789abcdef", "fedcba9876543210")
    ]
    assert len(names[0]) == 2
    assert not names[0] & names[1]


@pytest.mark.parametrize("public", [False, True])
def test_the_serverless_file_has_the_same_roles_and_bucket(public: bool) -> None:
    plan = Plan(MODEL, public=public)
    one, other = made(plan)["Resources"], serverless(plan, "s.zip", "a.zip")
    resources = other["resources"]["Resources"]
    for name in ("Models", "ModelsPolicy", "DevRole", "ProdRole", "AdmissionRole", "Alarms"):
        assert resources[name] == one[name]
    theirs = {f"{name.capitalize()}LambdaFunction" for name in other["functions"]}
    assert set(references(resources)) <= set(resources) | theirs
    assert {function["role"] for function in other["functions"].values()} <= set(resources)


@pytest.mark.parametrize(("engine", "disk"), [("onnx", 512), ("keras", 1024)])
def test_what_serves_has_the_room_that_its_engine_needs(engine: str, disk: int) -> None:
    plan = Plan(MODEL, engine=engine)
    said = made(plan)["Resources"]["Dev"]["Properties"]
    other = serverless(plan, "s.zip", "a.zip")["functions"]["dev"]
    assert said["EphemeralStorage"]["Size"] == other["ephemeralStorageSize"] == disk
    assert said["Timeout"] == other["timeout"]
    assert said["Handler"] == other["handler"]
    module, name = said["Handler"].rsplit(".", 1)
    assert name == "handler"
    assert find_spec(module) is not None


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        app(["template", MODEL, *arguments])
    assert not end.value.code
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [(), ("--public", "--snapstart"), ("--stage", "prod"), ("--engine", "keras")]
)
def test_cfn_lint_finds_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    linter = program("cfn-lint")
    if linter is None:
        pytest.skip("cfn-lint is not here: `make dev` brings it where there is a Python 3.13")
    path = tmp_path / "template.yml"
    path.write_text(printed(capsys, *arguments))
    done = subprocess.run([linter, path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_printed_template_is_what_is_deployed(capsys: pytest.CaptureFixture[str]) -> None:
    said = yaml.safe_load(printed(capsys))
    plan = Plan(MODEL, arch=said["Resources"]["Dev"]["Properties"]["Architectures"][0])
    code = Code("understudy-serving.zip", "understudy-admission.zip")
    assert said["Resources"] == template(plan, code)["Resources"]
    assert yaml.safe_load(printed(capsys, "--format", "serverless"))["functions"]["dev"]
