"""The function: every kind of event, carried out and answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from serve.live.scene import RED, add_release, point
from serve.makers import png
from understudy.edges.lambda_.function import InvocationError
from understudy.store.port import GET_LIMIT, Store
from understudy.wiring import open_model

from .conftest import Scene
from .scene import BUCKET, KEY, PNG, PNG_64, TEST_EVENT, eventbridge, function_url, put_event, sent
from .test_events import sns, sqs

URL = f"s3://{BUCKET}/{KEY}"


def best(said: dict[str, Any]) -> str:
    label = said["predictions"][0]["label"]
    assert isinstance(label, str)
    return label


def posted(function: Any, body: bytes, kind: str, query: str = "") -> tuple[int, Any]:
    answer = function(function_url("POST", "/classify", body, kind, query))
    return answer["statusCode"], json.loads(answer["body"])


def test_the_answer_has_the_shape_that_the_command_line_prints(scene: Scene) -> None:
    answer = scene.function()({"image": PNG_64, "top_k": 2})
    with open_model("colors", store=scene.store) as model:
        printed = model.classify(RED, 2, name="red.png").to_json()
    assert answer.keys() == printed.keys()
    assert answer["timings_ms"].keys() == printed["timings_ms"].keys()
    for key in ("model", "stage", "release", "predictions"):
        assert answer[key] == printed[key]


def test_items_are_answered_in_their_order(scene: Scene) -> None:
    scene.put()
    items = [{"image": PNG_64, "name": "a"}, {"image": "aGk="}, {"s3": URL}, {}, "x"]
    answers = scene.function()({"items": items})["items"]
    assert [answer["image"] for answer in answers] == ["a", 1, URL, 3, 4]
    assert best(answers[0]) == best(answers[2]) == "blue"
    assert answers[2]["timings_ms"]["fetch"] > 0
    assert [answer["error"]["status"] for answer in answers if "error" in answer] == [422, 400, 400]


def test_http(scene: Scene) -> None:
    function = scene.function()
    status, said = posted(function, PNG, "image/png", "top_k=1")
    assert (status, best(said), len(said["predictions"])) == (200, "blue", 1)
    status, said = posted(function, json.dumps({"image": PNG_64}).encode(), "application/json")
    assert (status, best(said)) == (200, "blue")
    for path, key in (("/health", "status"), ("/release", "labels")):
        answer = function(function_url("GET", path))
        assert answer["statusCode"] == 200
        assert key in json.loads(answer["body"])


@pytest.mark.parametrize("name", ["http_api", "rest_api", "alb"])
def test_the_events_of_gateways_and_load_balancers(scene: Scene, name: str) -> None:
    event = sent(name)
    event["body"] = PNG_64
    answer = scene.function()(event)
    assert answer["statusCode"] == 200
    assert best(json.loads(answer["body"])) == "blue"
    assert ("statusDescription" in answer) == (name == "alb")


def test_a_load_balancer_with_many_values_gets_many_values(scene: Scene) -> None:
    event = sent("alb") | {"multiValueHeaders": {}, "path": "/nowhere"}
    answer = scene.function()(event)
    assert answer["statusDescription"] == "404 Not Found"
    assert answer["multiValueHeaders"] == {"content-type": ["application/problem+json"]}
    assert "headers" not in answer


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"no image", "image/png", 422),
        (PNG[:40], "image/png", 422),
        (PNG, "text/plain", 415),
        (b'{"s3": "s3://photos/out/a.png"}', "application/json", 403),
        (b'{"s3": "s3://photos/inside/a.png"}', "application/json", 403),
        (b'{"s3": "s3://photos/in/missing.png"}', "application/json", 422),
        (b'{"s3": "s3://photos/in//a.png"}', "application/json", 400),
        (b'{"s3": "s3://photos/in/../a.png"}', "application/json", 400),
        (b'{"s3": "s3://photos/in/large.png"}', "application/json", 413),
    ],
)
def test_problems_of_http(scene: Scene, body: bytes, kind: str, status: int) -> None:
    scene.put("in/large.png", b"\0" * (GET_LIMIT + 1))
    scene.put("out/a.png")
    found, said = posted(scene.function(), body, kind)
    assert (found, said["status"]) == (status, status)
    assert scene.told()["Failed"] == 1
    assert scene.told()["level"] == "WARN"


def test_an_image_that_would_burst_the_memory_is_refused_by_its_header(scene: Scene) -> None:
    bomb = png(9_000, 9_000, 8, 2, b"")
    function = scene.function(image_bytes=352 << 20)
    assert posted(function, bomb, "image/png")[0] == 413
    assert posted(function, PNG, "image/png")[0] == 200


@pytest.mark.parametrize(
    "event",
    [sent("s3_put"), put_event(BUCKET, KEY), sent("sns"), eventbridge(), sns(eventbridge())],
    ids=["s3", "s3 with plus", "sns", "eventbridge", "eventbridge through sns"],
)
def test_an_upload_is_classified_and_the_result_is_written(scene: Scene, event: Any) -> None:
    scene.put()
    (said,) = scene.function("results/out")(event)["results"]
    assert said.pop("written") == f"s3://results/out/{BUCKET}/{KEY}.json"
    written = scene.buckets["s3://results"].get(f"out/{BUCKET}/{KEY}.json")
    assert json.loads(written.data) == said
    assert (said["image"], best(said)) == (URL, "blue")


def test_without_a_place_for_results_they_are_logged_and_returned(scene: Scene) -> None:
    scene.put()
    (said,) = scene.function()(sent("s3_put"))["results"]
    assert [line["result"] for line in scene.logged() if "result" in line] == [said]


def test_a_broken_image_has_a_result_that_says_so(scene: Scene) -> None:
    scene.put(data=b"junk")
    (said,) = scene.function("results/")(sent("s3_put"))["results"]
    assert said["error"]["status"] == 422
    written = scene.buckets["s3://results"].get(f"{BUCKET}/{KEY}.json")
    assert json.loads(written.data)["error"] == said["error"]


def test_results_are_never_taken_for_images(scene: Scene) -> None:
    function = scene.function(f"{BUCKET}/in/results")
    for key in ("in/a.png.json", "in/results/photos/in/a.png"):
        (said,) = function(put_event(BUCKET, key))["results"]
        assert said["ignored"] == "it is a result, not an image"
    assert scene.buckets == {}


def test_an_upload_from_elsewhere_is_no_silent_failure(scene: Scene) -> None:
    with pytest.raises(InvocationError, match="may not be read here"):
        scene.function()(put_event("other", "a.png"))


@pytest.mark.parametrize(
    "event", [TEST_EVENT, sent("scheduled"), eventbridge(kind="Object Tagged")]
)
def test_what_asks_for_nothing_is_ignored(scene: Scene, event: Any) -> None:
    assert set(scene.function()(event)) == {"ignored"}
    assert scene.told()["Failed"] == 0


def test_only_the_messages_that_failed_come_again(scene: Scene) -> None:
    scene.put()
    event = sqs(
        sent("s3_put"), "junk", {"image": PNG_64}, put_event("other", "a.png"), {"image": "aGk="}
    )
    answer = scene.function()(event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]}
    results = [line["result"] for line in scene.logged() if "result" in line]
    assert [result["image"] for result in results] == [URL, 0, 0]


def test_a_queue_in_order_stops_at_the_first_failure(scene: Scene) -> None:
    event = sqs({"image": PNG_64}, "junk", {"image": PNG_64}, queue="q.fifo")
    failed = scene.function()(event)["batchItemFailures"]
    assert [item["itemIdentifier"] for item in failed] == ["1", "2"]
    assert scene.told()["Images"] == 1


class OutOfTime:
    """What Lambda gives as the context, shortly before the end."""

    aws_request_id = "r-1"

    def get_remaining_time_in_millis(self) -> int:
        return 900


def test_what_there_is_no_time_for_comes_again(scene: Scene) -> None:
    answer = scene.function()(sqs({"image": PNG_64}), OutOfTime())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert scene.told()["request"] == "r-1"


def test_health_and_release_without_http(scene: Scene) -> None:
    function = scene.function()
    health, release = function({"health": True}), function({"release": True})
    assert health["status"] == "ok"
    assert health["release"] == health["desired"] == release["release"]
    assert release["labels"] == ["red", "green", "blue", "none"]
    assert release["preprocess"]["color"] == "rgb"


def test_what_is_not_understood_is_answered(scene: Scene) -> None:
    said = scene.function()({"imgae": ""})
    assert said["error"]["status"] == 400
    assert "base64" in said["error"]["hint"]


def test_each_invocation_is_told_with_its_metrics(scene: Scene) -> None:
    function = scene.function()
    function({"items": [{"image": PNG_64}] * 2})
    first = scene.told()
    function({"image": PNG_64})
    second = scene.told()
    (directive,) = first["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in directive["Metrics"]} <= set(first)
    assert (first["start"], second["start"]) == ("cold", "warm")
    assert (first["Images"], first["sender"], len(first["Infer"])) == (2, "items", 2)
    assert first["release"] == function({"health": True})["release"]


def test_a_bug_is_an_answer_and_a_line_of_the_log(scene: Scene) -> None:
    scene.buckets[f"s3://{BUCKET}"] = cast(Store, None)
    body = b'{"s3": "s3://photos/in/a.png"}'
    status, said = posted(scene.function(), body, "application/json")
    assert (status, said["detail"]) == (500, "something went wrong here")
    assert any("AttributeError" in line.get("bug", "") for line in scene.logged())
    assert scene.told()["level"] == "ERROR"


def test_a_new_release_answers_after_some_requests(scene: Scene, tmp_path: Path) -> None:
    function = scene.function()
    assert best(function({"image": PNG_64})) == "blue"
    point(scene.store, add_release(scene.store, tmp_path / "green", "green"))
    for _ in range(10_000):
        if best(function({"image": PNG_64})) == "green":
            return
    pytest.fail("the old release answers")
