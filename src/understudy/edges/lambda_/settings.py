"""The function's settings: variables -> values. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...engine import ALLOW_LAMBDA
from ...errors import InputError
from ...release.layout import DEFAULT_STAGES, check_model, check_stage
from ..task import ObjectUrl, parse_url

STORE = "UNDERSTUDY_STORE"
MODEL = "UNDERSTUDY_MODEL"
STAGE = "UNDERSTUDY_STAGE"
IMAGES = "UNDERSTUDY_IMAGES"
RESULTS = "UNDERSTUDY_RESULTS"
CACHE = "UNDERSTUDY_CACHE"
CACHE_BYTES = "UNDERSTUDY_CACHE_BYTES"

MEMORY = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
"""Lambda itself says so how many MB the function has."""

RESERVED = 160 * 1024 * 1024
"""The memory that is not for decoding an image: Python, the libraries, the model's own numbers."""

DEFAULT_CACHE = "/tmp/understudy"
"""The one place where a function may write."""

CACHE_PERCENT = 80
"""How much of the room that is free there copies of releases may take."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the function serves, and what it may read and write.

    Attributes:
        store: where the model is.
        model: its name.
        stage: the stage whose release answers.
        images: the folders in S3 from which images may be read.
        results: the folder in S3 to which results for uploads are written; None: they are logged.
        cache: the folder for copies of releases.
        cache_bytes: the most that they may take; None: `CACHE_PERCENT` of what is free.
        image_bytes: the memory that decoding an image may take; None: there is no such bound.
        allow_lambda: whether Keras, where it runs the model, may run the code of Lambda layers.
    """

    store: str
    model: str
    stage: str
    images: tuple[ObjectUrl, ...] = ()
    results: ObjectUrl | None = None
    cache: Path = Path(DEFAULT_CACHE)
    cache_bytes: int | None = None
    image_bytes: int | None = None
    allow_lambda: bool = False


def parse_settings(environ: Mapping[str, str]) -> Settings:
    """Read the variables.

    Raises:
        InputError: one is missing or cannot be used.
    """
    images = tuple(
        _url(IMAGES, part.strip()) for part in environ.get(IMAGES, "").split(",") if part.strip()
    )
    said = environ.get(RESULTS, "").strip()
    results = _url(RESULTS, said) if said else None
    for folder in images:
        if results is not None and folder.is_below(results):
            raise InputError(
                f"{IMAGES} has {folder}, which is inside of {RESULTS}: each image there would be"
                " taken for a result",
                hint="let results go to a folder of their own",
            )
    return Settings(
        _needed(environ, STORE, "the store, such as s3://bucket/prefix"),
        check_model(_needed(environ, MODEL, "the model's name")),
        check_stage(environ.get(STAGE) or DEFAULT_STAGES[0]),
        images,
        results,
        Path(environ.get(CACHE) or DEFAULT_CACHE),
        _bytes(environ.get(CACHE_BYTES, "")),
        _for_images(environ.get(MEMORY, "")),
        environ.get(ALLOW_LAMBDA) == "1",
    )


def _needed(environ: Mapping[str, str], name: str, what: str) -> str:
    if not environ.get(name):
        raise InputError(f"{name} is not set", hint=f"set it to {what}")
    return environ[name]


def _url(name: str, said: str) -> ObjectUrl:
    found = parse_url(said)
    if found is None:
        raise InputError(
            f"{name} has {said!r}", hint="write s3://bucket/folder; several are parted by commas"
        )
    return found


def _for_images(memory: str) -> int | None:
    """What is left of the function's memory, which is in MB."""
    return max(0, (int(memory) << 20) - RESERVED) if memory.isdecimal() else None


def _bytes(said: str) -> int | None:
    if said and not (said.isascii() and said.isdigit()):
        raise InputError(
            f"{CACHE_BYTES} is {said!r}", hint="give a number of bytes, or leave it out"
        )
    return int(said) if said else None
