"""Which stage folders an event is about, whoever sent it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.edges.lambda_.folders import Folder, folders_in
from understudy.edges.task import ObjectUrl

from .scene import eventbridge, put_event, sent

STAGES = ("dev", "prod")
STORE = ObjectUrl("models", "")
DEV, PROD = Folder("m", "dev"), Folder("m", "prod")

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def found(event: object, store: ObjectUrl = STORE) -> tuple[Folder, ...]:
    return folders_in(event, store, STAGES)


def s3(*keys: str, bucket: str = "models") -> Any:
    records = [put_event(bucket, key)["Records"][0] for key in keys]
    return {"Records": records}


@pytest.mark.parametrize(
    ("key", "folder"),
    [
        ("m/dev/weights.h5", DEV),
        ("m/prod/my model+1é.keras", PROD),
        ("m/dev/inside/model.h5", DEV),
        ("m/dev/status.json", None),
        ("m/dev/inside/status.json", DEV),
        ("m/stages/dev.json", None),
        ("m/releases/ab/release.json", None),
        ("m/dev", None),
        ("dev/weights.h5", None),
        (".understudy/code/ab.zip", None),
        ("../dev/weights.h5", None),
        ("/dev/weights.h5", None),
    ],
)
@pytest.mark.parametrize("through", ["s3", "sns", "sqs", "sns in sqs", "eventbridge", "removed"])
def test_a_key_is_in_a_folder_or_asks_for_nothing(
    key: str, folder: Folder | None, through: str
) -> None:
    notified = {"Type": "Notification", "Message": json.dumps(s3(key))}
    event = {
        "s3": s3(key),
        "sns": {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(s3(key))}}]},
        "sqs": {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(s3(key))}]},
        "sns in sqs": {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(notified)}]},
        "eventbridge": eventbridge("models", key),
        "removed": eventbridge("models", key, "Object Deleted"),
    }[through]
    assert found(event) == (() if folder is None else (folder,))


def test_each_folder_once_and_the_first_stages_first() -> None:
    assert found(s3("m/prod/a.h5", "m/dev/a.h5", "m/prod/b.h5", "a/dev/x.h5")) == (
        Folder("a", "dev"),
        DEV,
        PROD,
    )


def test_a_store_may_be_a_folder_of_a_bucket() -> None:
    store = ObjectUrl("models", "team/vision/")
    assert found(s3("team/vision/m/dev/a.h5"), store) == (DEV,)
    assert found(s3("m/dev/a.h5", "team/visions/m/dev/a.h5"), store) == ()
    assert found(s3("m/dev/a.h5", bucket="others")) == ()


def test_a_person_may_ask() -> None:
    assert found({"model": "m", "stage": "dev"}) == (DEV,)
    assert found({"model": "m", "stage": "test"}) == ()
    assert found({"model": "../x", "stage": "dev"}) == ()


@pytest.mark.parametrize("name", ["s3_put", "s3_delete", "sqs", "sns", "http_api"])
def test_events_of_others_ask_for_nothing(name: str) -> None:
    assert found(sent(name)) == ()


@given(JSON)
def test_any_json_at_all_asks_for_folders_or_nothing(event: object) -> None:
    assert all(folder.stage in STAGES for folder in found(event))
