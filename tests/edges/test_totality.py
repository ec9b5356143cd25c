"""Any JSON at all is answered, or refused with an error of ours: nothing else ever comes out."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve.live.scene import MODEL, STAGE, add_release, point
from understudy import following
from understudy.edges.lambda_.function import Function, InvocationError
from understudy.edges.lambda_.serving import Serving
from understudy.serve.live import Pace
from understudy.store.local import LocalStore

from .conftest import Scene
from .scene import EVENTS, KEY, PNG_64, TEST_EVENT, eventbridge, function_url, sent

WORDS = st.sampled_from(
    [
        *("image", "s3", "items", "Records", "body", "version", "requestContext", "http", "elb"),
        *("eventSource", "aws:s3", "aws:sqs", "Message", "detail", "detail-type", "health", "2.0"),
        *("httpMethod", "path", "headers", "multiValueHeaders", "top_k", "\ud800", "\0", "%ff", ""),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)

KNOWN = [
    *(sent(path.stem) for path in sorted(EVENTS.glob("*.json"))),
    *(function_url(), function_url("POST", "/classify", b"{}", "application/json")),
    *(eventbridge(), TEST_EVENT, {"image": PNG_64}, {"items": [{"s3": f"s3://photos/{KEY}"}]}),
]


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("total")
    store = LocalStore(Path(folder, "store"))
    point(store, add_release(store, folder / "blue", "blue"))
    # No looks at the pointer: they draw random numbers while hypothesis does so.
    still = Pace(poll=3600.0)
    with following.fleet(store=store, pace=still, tell=lambda _: None) as fleet:
        serving = Serving(lambda: fleet.follow(MODEL, STAGE), lambda: 0.0)
        serving.begin(30.0)
        scene = Scene(serving, store)
        scene.put()
        yield scene.function("results/out")


def answered(function: Function, event: Any) -> None:
    try:
        said = function(event)
    except InvocationError:
        return
    json.dumps(said)
    assert said.get("statusCode") != 500, said


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Each place in a JSON value."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from places(value[key], (*path, key))


@given(JSON)
def test_any_json(function: Function, event: Any) -> None:
    answered(function, event)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_damage_to_a_known_event(function: Function, data: st.DataObject) -> None:
    event = copy.deepcopy(data.draw(st.sampled_from(KNOWN)))
    for _ in range(data.draw(st.integers(1, 3))):
        found = list(places(event))
        if found:
            *above, last = data.draw(st.sampled_from(found))
            inner = event
            for key in above:
                inner = inner[key]
            if data.draw(st.booleans()) and isinstance(inner, dict):
                del inner[last]
            else:
                inner[last] = data.draw(JSON)
    answered(function, event)


@given(JSON)
def test_any_message_in_a_queue_and_in_a_topic(function: Function, message: Any) -> None:
    queue, topic = sent("sqs"), sent("sns")
    queue["Records"][0]["body"] = json.dumps(message)
    topic["Records"][0]["Sns"]["Message"] = json.dumps(message)
    answered(function, queue)
    answered(function, topic)
