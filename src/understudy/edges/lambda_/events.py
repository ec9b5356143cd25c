"""What an event asks, whoever sent it: one table of senders, one function, for any JSON at all.

SNS and SQS carry the events of others, or a question of a person's, as text. What cannot be
understood is a `Problem`, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..body import parse_json
from ..problem import Problem
from ..task import Task, parse_task
from . import uploads, web
from .json_values import at, listed, text
from .uploads import Ignored, Upload
from .web import Web

HINT = (
    'invoke it with {"image": "<base64>"}, {"s3": "s3://bucket/key"}, {"items": [...]},'
    ' {"health": true} or {"release": true}'
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is no image."""

    what: Literal["health", "release"]


@dataclass(frozen=True, slots=True)
class Items:
    """Several images, to be answered in their order."""

    tasks: tuple[Task | Problem, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """What several records of one event ask."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a queue."""

    id: str
    event: Event


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages of SQS; in a queue that keeps the order (`fifo`) the first failure is the last."""

    messages: tuple[Message, ...]
    fifo: bool


Event = Web | Task | Items | Asked | Upload | Ignored | Several | Queue | Problem


def interpret(event: object) -> Event:
    """Say what an event asks."""
    return _first(event, SENDERS)


def sender(event: object) -> str:
    """Name who sent an event, for the log."""
    known = (name for name, is_sent, _ in SENDERS if isinstance(event, dict) and is_sent(event))
    return next(known, "unknown")


def _first(event: object, senders: tuple[Sender, ...]) -> Event:
    if not isinstance(event, dict):
        return Problem(400, "the event is no JSON object", HINT)
    for _, is_sent, read in senders:
        if is_sent(event):
            return read(event)
    return Problem(400, "the event is of no kind that is known here", HINT)


def _carried(said: object) -> Event:
    """What a message carries; messages in messages end here."""
    return _first(parse_json(text(said)), CARRIED)


def _notified(said: object) -> Event:
    return _first(parse_json(text(said)), NOTIFIED)


def _s3(event: Mapping[str, Any]) -> Event:
    return Several(uploads.read_s3(event))


def _sns(event: Mapping[str, Any]) -> Event:
    records = listed(event.get("Records"))
    return Several(tuple(_notified(at(record, "Sns", "Message")) for record in records))


def _sqs(event: Mapping[str, Any]) -> Event:
    records = listed(event.get("Records"))
    messages = tuple(
        Message(text(at(record, "messageId")), _carried(at(record, "body"))) for record in records
    )
    return Queue(messages, text(at(records[0], "eventSourceARN")).endswith(".fifo"))


def _asked(event: Mapping[str, Any]) -> Event:
    return Asked("health" if event.get("health") is True else "release")


def _items(event: Mapping[str, Any]) -> Event:
    found = next(event[name] for name in ITEMS if name in event)
    if not isinstance(found, list):
        return Problem(400, "`items` is no list", HINT)
    return Items(tuple(_item(item, number) for number, item in enumerate(found)))


def _item(item: object, number: int) -> Task | Problem:
    if isinstance(item, dict):
        return parse_task(item, name=number)
    return Problem(400, f"item {number} is no JSON object", HINT)


def _are_records_of(source: str) -> Callable[[Mapping[str, Any]], bool]:
    def check(event: Mapping[str, Any]) -> bool:
        records = listed(event.get("Records"))
        names = [at(r, "eventSource") or at(r, "EventSource") for r in records]
        return bool(names) and all(name == source for name in names)

    return check


ITEMS = ("items", "Items")
"""Step Functions' own batches have the capital."""

Sender = tuple[str, Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Event]]
"""A name, whether an event is of this kind, and how it is read."""

NOTIFIED: tuple[Sender, ...] = (
    ("s3", uploads.is_test, lambda _: Ignored("S3 tries out its notifications")),
    ("s3", uploads.is_s3, _s3),
    ("eventbridge", uploads.is_eventbridge, uploads.read_eventbridge),
    ("items", lambda event: any(name in event for name in ITEMS), _items),
    ("direct", lambda event: "image" in event or "s3" in event, parse_task),
)
"""What SNS may carry."""

CARRIED: tuple[Sender, ...] = (
    (
        "sns",
        lambda event: event.get("Type") == "Notification" and "Message" in event,
        lambda event: _notified(event.get("Message")),
    ),
    *NOTIFIED,
)
"""What SQS may carry."""

SENDERS: tuple[Sender, ...] = (
    ("alb", web.is_alb, web.read_alb),
    ("http-v2", web.is_v2, web.read_v2),
    ("http-v1", web.is_v1, web.read_v1),
    ("sqs", _are_records_of("aws:sqs"), _sqs),
    ("sns", _are_records_of("aws:sns"), _sns),
    *NOTIFIED,
    (
        "direct",
        lambda event: event.get("health") is True or event.get("release") is True,
        _asked,
    ),
)
