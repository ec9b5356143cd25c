"""Which stage folders an event is about: files came, were replaced, or went. Pure.

The events come from S3 itself, or through EventBridge, SNS or SQS; several in one, twice, late, and
in any order. So only the folders count, each once. What cannot be understood asks for nothing: an
event is no reason to fail, because nobody can repair it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from ...release.layout import is_name
from ..body import parse_json
from ..task import ObjectUrl
from .json_values import at, listed, text

OURS = "status.json"
"""Written by admission itself: it must not wake itself."""

DIRECT = ("model", "stage")
"""The keys of a question of a person's: {"model": "parasites", "stage": "dev"}."""


@dataclass(frozen=True, slots=True, order=True)
class Folder:
    """A stage folder."""

    model: str
    stage: str


def folders_in(event: object, store: ObjectUrl, stages: Sequence[str]) -> tuple[Folder, ...]:
    """Give the stage folders in which something changed: the first stages first, each once.

    Args:
        event: any JSON.
        store: the bucket, and the folder in it, where the models are.
        stages: their names, in their order.
    """
    found = set(_named(event)) | {
        folder for url in _objects(event) if (folder := _folder(url, store)) is not None
    }
    known = [folder for folder in found if folder.stage in stages and is_name(folder.model)]
    return tuple(sorted(known, key=lambda one: (stages.index(one.stage), one.model)))


def _named(event: object) -> Iterator[Folder]:
    if isinstance(event, dict) and all(isinstance(event.get(key), str) for key in DIRECT):
        yield Folder(event["model"], event["stage"])


def _objects(event: object) -> Iterator[ObjectUrl]:
    """The objects that an event names, at whatever depth other senders have put it."""
    if not isinstance(event, dict):
        return
    if text(event.get("source")) == "aws.s3":  # EventBridge gives the key as it is
        yield from _object(at(event, "detail", "bucket", "name"), at(event, "detail", "object"))
    elif event.get("Type") == "Notification":  # SNS in SQS
        yield from _objects(parse_json(text(event.get("Message"))))
    for record in listed(event.get("Records")):
        if at(record, "eventSource") == "aws:s3":
            bucket, found = at(record, "s3", "bucket", "name"), at(record, "s3", "object")
            yield from _object(bucket, {"key": unquote_plus(text(at(found, "key")))})
        else:
            carried = at(record, "Sns", "Message") or at(record, "body")
            yield from _objects(parse_json(text(carried)))


def _object(bucket: object, found: Mapping[str, Any] | None) -> Iterator[ObjectUrl]:
    key = text(at(found, "key"))
    if text(bucket) and key:
        yield ObjectUrl(text(bucket), key)


def _folder(url: ObjectUrl, store: ObjectUrl) -> Folder | None:
    """The stage folder that an object is in; None if it is in none, or is ours."""
    if not url.is_below(store):
        return None
    prefix = f"{store.key.rstrip('/')}/" if store.key.rstrip("/") else ""
    parts = url.key.removeprefix(prefix).split("/")
    if len(parts) < 3 or parts[2:] == [OURS]:
        return None
    return Folder(parts[0], parts[1])
