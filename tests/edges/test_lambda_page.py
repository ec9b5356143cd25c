"""docs/lambda.md says what the code does."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

from understudy.edges.http import ROUTES
from understudy.edges.lambda_ import log, serving, settings
from understudy.edges.lambda_.function import OF_THE_IMAGE
from understudy.edges.lambda_.settings import parse_settings
from understudy.edges.problem import TITLES
from understudy.serve.image import BYTES_A_PIXEL
from understudy.store.port import GET_LIMIT

from .scene import HANDLER

PAGE = (Path(__file__).parents[2] / "docs" / "lambda.md").read_text()
NEEDED = {"UNDERSTUDY_STORE": "s", "UNDERSTUDY_MODEL": "m"}
WORDS = " ".join(PAGE.split())


def test_every_setting_is_there_with_its_default() -> None:
    names = [value for value in vars(settings).values() if str(value).startswith("UNDERSTUDY_")]
    assert len(names) == 8
    for name in names:
        assert f"| `{name}` |" in PAGE
    found = parse_settings(NEEDED)
    assert f"| `UNDERSTUDY_STAGE` | `{found.stage}` |" in PAGE
    assert f"| `UNDERSTUDY_CACHE` | `{found.cache}` |" in PAGE
    assert f"| {settings.CACHE_PERCENT} % of what is free" in PAGE


def test_every_route_status_and_metric_is_there() -> None:
    for path, methods in ROUTES.items():
        for method in methods:
            assert f"`{method} {path}" in PAGE
    told = {
        int(status)
        for row in re.findall(r"^\| (\d.*?) \|", PAGE, re.M)
        for status in row.split(", ")
    }
    assert told == set(TITLES)
    for metric in log.METRICS:
        assert f"`{metric}`" in PAGE
    assert f"`{log.NAMESPACE}`" in PAGE


def test_the_numbers_are_those_of_the_code() -> None:
    for words in (
        f"waits for it up to {serving.INIT_SECONDS:.0f} s of the 10",
        f"up to {serving.REQUEST_SECONDS:.0f} s, or {serving.RETRY_SECONDS:.0f} s while",
        f"more than {serving.LOOK_SECONDS:.0f} s ago",
        f"images of up to {GET_LIMIT >> 20} MB are read",
        f"the first {log.MOST_VALUES}",
        "all but {} and {}".format(*OF_THE_IMAGE),
    ):
        assert words in WORDS, words


def test_the_largest_images_are_those_of_the_code() -> None:
    bound = parse_settings({**NEEDED, settings.MEMORY: "512"}).image_bytes
    assert bound is not None
    jpeg, webp = (bound // BYTES_A_PIXEL[kind] // 1_000_000 for kind in ("JPEG", "WEBP"))
    assert f"a JPEG of more than {jpeg} megapixels or a WebP of more than {webp}" in WORDS


def test_the_handler_is_where_it_says() -> None:
    assert f"`{HANDLER}`" in PAGE
    module, _, name = HANDLER.rpartition(".")
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    assert f"def {name}(event" in Path(spec.origin).read_text()


def test_the_example_is_json() -> None:
    for example in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL):
        assert json.loads(example)
