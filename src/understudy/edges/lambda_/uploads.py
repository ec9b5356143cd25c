"""Images that were put into S3: what the bucket, or EventBridge, says of it.

Only the arrival of an object counts. What is removed, tagged or restored is passed over, and so
are folders, and results: an object `*.json` is never an image, nor is one in the folder for
results. So no answer can lead to another event that is answered.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from ..problem import Problem
from ..task import ObjectUrl
from .json_values import at, listed, text


@dataclass(frozen=True, slots=True)
class Upload:
    """An image that came."""

    url: ObjectUrl


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that asks for nothing, and why."""

    why: str


Found = Upload | Ignored | Problem

HINT = "send the events of S3 as they are"


def is_test(event: Mapping[str, Any]) -> bool:
    """Whether S3 tries out a notification that was just set up."""
    return event.get("Event") == "s3:TestEvent"


def is_s3(event: Mapping[str, Any]) -> bool:
    """Whether a bucket sent this."""
    records = listed(event.get("Records"))
    return bool(records) and all(at(record, "eventSource") == "aws:s3" for record in records)


def is_eventbridge(event: Mapping[str, Any]) -> bool:
    """Whether EventBridge sent this."""
    return isinstance(event.get("detail-type"), str) and "detail" in event


def read_s3(event: Mapping[str, Any]) -> tuple[Found, ...]:
    """Read the records of a bucket's event."""
    return tuple(_record(record) for record in listed(event.get("Records")))


def read_eventbridge(event: Mapping[str, Any]) -> Found:
    """Read one event; one that only wakes the function asks for nothing."""
    source, kind = text(event.get("source")), text(event.get("detail-type"))
    if source == "aws.events":
        return Ignored("it only keeps the function warm")
    if source != "aws.s3":
        return Problem(400, f"an event of {source or 'nobody'} is not known here", HINT)
    if kind != "Object Created":
        return Ignored(f"the event is {kind}, not Object Created")
    # No `unquote` here: EventBridge gives the key as it is.
    return _upload(at(event, "detail", "bucket", "name"), at(event, "detail", "object", "key"))


def is_result(url: ObjectUrl, results: ObjectUrl | None) -> bool:
    """Whether an object is, or may be, a result of ours."""
    return url.key.endswith(".json") or (results is not None and url.is_below(results))


def result_url(results: ObjectUrl, image: ObjectUrl) -> ObjectUrl:
    """Where the result of an image is written: `<results>/<bucket>/<key>.json`."""
    folder = f"{results.key.rstrip('/')}/" if results.key else ""
    return ObjectUrl(results.bucket, f"{folder}{image.bucket}/{image.key}.json")


def _record(record: object) -> Found:
    name = text(at(record, "eventName"))
    if not name.removeprefix("s3:").startswith("ObjectCreated:"):
        return Ignored(f"the event is {name or 'of no kind'}, not ObjectCreated")
    key = at(record, "s3", "object", "key")
    return _upload(
        at(record, "s3", "bucket", "name"), unquote_plus(key) if isinstance(key, str) else None
    )


def _upload(bucket: object, key: object) -> Found:
    if not isinstance(bucket, str) or not isinstance(key, str) or not bucket or not key:
        return Problem(400, "the event names no object", HINT)
    if key.endswith("/"):
        return Ignored(f"{key} is a folder")
    return Upload(ObjectUrl(bucket, key))
