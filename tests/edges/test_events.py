"""Events, as AWS sends them, and what they ask."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from understudy.edges.http import Request
from understudy.edges.lambda_.events import (
    Asked,
    Event,
    Items,
    Message,
    Queue,
    Several,
    interpret,
    sender,
)
from understudy.edges.lambda_.uploads import Ignored, Upload, is_result, result_url
from understudy.edges.lambda_.web import Web
from understudy.edges.problem import Problem
from understudy.edges.task import ObjectUrl, Task

from .scene import BUCKET, KEY, TEST_EVENT, eventbridge, function_url, put_event, sent

UPLOAD = Upload(ObjectUrl(BUCKET, KEY))
MESSAGE = "19dd0b57-b21e-4ac1-bd88-01bbb068cb78"


def sns(message: Any) -> Any:
    event = sent("sns")
    event["Records"][0]["Sns"]["Message"] = json.dumps(message)
    return event


def sqs(*bodies: Any, queue: str = "MyQueue") -> Any:
    event = sent("sqs")
    (record,) = event["Records"]
    record["eventSourceARN"] = f"arn:aws:sqs:us-east-1:123456789012:{queue}"
    event["Records"] = [
        {**record, "messageId": str(number), "body": json.dumps(body)}
        for number, body in enumerate(bodies)
    ]
    return event


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        ({"image": "aGk="}, Task(b"hi")),
        ({"s3": "s3://b/k", "top_k": 1}, Task(ObjectUrl("b", "k"), "s3://b/k", 1)),
        ({"items": [{"image": "aGk="}] * 2}, Items((Task(b"hi", 0), Task(b"hi", 1)))),
        ({"Items": [{"image": "aGk="}], "BatchInput": {}}, Items((Task(b"hi"),))),
        ({"items": []}, Items(())),
        ({"health": True}, Asked("health")),
        ({"release": True}, Asked("release")),
        (sent("s3_put"), Several((UPLOAD,))),
        (put_event(BUCKET, KEY), Several((UPLOAD,))),
        (
            sent("s3_delete"),
            Several((Ignored("the event is ObjectRemoved:Delete, not ObjectCreated"),)),
        ),
        (put_event(BUCKET, "in/"), Several((Ignored("in/ is a folder"),))),
        (TEST_EVENT, Ignored("S3 tries out its notifications")),
        (sent("sns"), Several((Several((UPLOAD,)),))),
        (sns(TEST_EVENT), Several((Ignored("S3 tries out its notifications"),))),
        (sns({"image": "aGk="}), Several((Task(b"hi"),))),
        (sent("sqs"), Queue((Message(MESSAGE, Several((UPLOAD,))),), fifo=False)),
        (sqs(TEST_EVENT), Queue((Message("0", Ignored("S3 tries out its notifications")),), False)),
        (sqs(sent("sns")["Records"][0]["Sns"]), Queue((Message("0", Several((UPLOAD,))),), False)),
        (sqs(eventbridge()), Queue((Message("0", UPLOAD),), False)),
        (sqs({"image": "aGk="}, queue="q.fifo"), Queue((Message("0", Task(b"hi")),), True)),
        (eventbridge(), UPLOAD),
        # EventBridge gives keys as they are, S3 encodes them.
        (eventbridge(key="a+b%20c"), Upload(ObjectUrl(BUCKET, "a+b%20c"))),
        (put_event(BUCKET, "a+b%20c"), Several((Upload(ObjectUrl(BUCKET, "a+b%20c")),))),
        (
            eventbridge(kind="Object Deleted"),
            Ignored("the event is Object Deleted, not Object Created"),
        ),
        (sent("scheduled"), Ignored("it only keeps the function warm")),
    ],
)
def test_what_is_asked(event: Any, asked: Event) -> None:
    assert interpret(event) == asked


BODY = b'{"test":"body"}'


@pytest.mark.parametrize(
    ("event", "form", "request_"),
    [
        (
            sent("http_api"),
            "http-api",
            ("POST", "/classify", {"parameter1": "value2", "parameter2": "value"}),
        ),
        (sent("rest_api"), "rest-api", ("POST", "/classify", {"foo": "bar"})),
        (sent("alb"), "alb", ("POST", "/classify", {"query": "1234ABCD"})),
        (
            function_url("POST", "/classify", BODY, query="top_k=2"),
            "url",
            ("POST", "/classify", {"top_k": "2"}),
        ),
    ],
)
def test_requests_of_http(event: Any, form: str, request_: tuple[str, str, dict[str, str]]) -> None:
    found = interpret(event)
    assert isinstance(found, Web)
    assert isinstance(found.request, Request)
    assert found.form == form
    asked = found.request
    assert (asked.method, asked.path, asked.query) == request_
    assert asked.body == BODY


def changed(event: Any, **values: Any) -> Any:
    event = copy.deepcopy(event)
    event.update(values)
    return event


def request_of(event: Any) -> Request | Problem:
    found = interpret(event)
    assert isinstance(found, Web)
    return found.request


def test_a_named_stage_is_no_part_of_the_path() -> None:
    event = sent("http_api")
    event["requestContext"]["stage"] = "v1"
    event["rawPath"] = "/v1/classify"
    found = request_of(event)
    assert isinstance(found, Request)
    assert found.path == "/classify"


def test_a_load_balancer_decodes_nothing_and_may_send_many_values() -> None:
    event = changed(
        sent("alb"),
        multiValueHeaders={"Content-Type": ["image/png"]},
        multiValueQueryStringParameters={"top%5Fk": ["1", "%32"]},
        path="/class%69fy",
    )
    del event["headers"], event["queryStringParameters"]
    found = interpret(event)
    assert isinstance(found, Web)
    asked = found.request
    assert isinstance(asked, Request)
    assert (found.form, asked.path, asked.query) == ("alb-multi", "/classify", {"top_k": "2"})
    assert asked.headers == {"content-type": "image/png"}


def test_a_body_that_a_gateway_damaged_is_named_as_such() -> None:
    found = request_of(changed(sent("rest_api"), body="\ufffdPNG", isBase64Encoded=False))
    assert isinstance(found, Problem)
    assert "binary media types" in found.hint


def test_a_body_that_is_no_base64() -> None:
    found = request_of(changed(sent("rest_api"), body="!"))
    assert isinstance(found, Problem)
    assert found.status == 400


@pytest.mark.parametrize(
    "event",
    [
        *({}, [], None, 7, "text", {"image": 7}, {"items": 7}, {"health": "yes"}),
        *map(sent, ("batch", "kinesis", "cognito", "dynamodb", "authorizer")),
        sent("step_functions_error"),
        eventbridge(key=""),
        changed(eventbridge(), source="aws.ec2"),
    ],
)
def test_what_is_not_understood_is_a_problem_with_a_hint(event: Any) -> None:
    found = interpret(event)
    assert isinstance(found, Problem)
    assert found.status == 400
    assert found.hint


def test_a_message_in_a_message_in_a_message_is_too_much() -> None:
    deep = sqs(sns(sns({"image": "aGk="})))
    (message,) = interpret(deep).messages  # type: ignore[union-attr]
    assert isinstance(message.event, Problem)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (sent("alb"), "alb"),
        (sent("rest_api"), "http-v1"),
        (sent("http_api"), "http-v2"),
        (sent("s3_put"), "s3"),
        (sent("sns"), "sns"),
        (sent("sqs"), "sqs"),
        (eventbridge(), "eventbridge"),
        ({"image": ""}, "direct"),
        ({}, "unknown"),
        (None, "unknown"),
    ],
)
def test_the_log_knows_who_sent_it(event: Any, name: str) -> None:
    assert sender(event) == name


@pytest.mark.parametrize(
    ("results", "target"),
    [
        (ObjectUrl("out", ""), "s3://out/photos/in/a.png.json"),
        (ObjectUrl("out", "x"), "s3://out/x/photos/in/a.png.json"),
        (ObjectUrl("photos", "x/y/"), "s3://photos/x/y/photos/in/a.png.json"),
    ],
)
def test_where_results_go_and_that_they_are_known_again(results: ObjectUrl, target: str) -> None:
    found = result_url(results, ObjectUrl("photos", "in/a.png"))
    assert str(found) == target
    assert is_result(found, results)
    assert is_result(found, None)
    assert not is_result(ObjectUrl("photos", "in/a.png"), results)
