"""Variables, and the lines of the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.edges.lambda_.log import MOST_VALUES, Invocation, invocation_line, note_line
from understudy.edges.lambda_.settings import Settings, parse_settings
from understudy.edges.problem import TITLES, Problem
from understudy.edges.task import ObjectUrl
from understudy.errors import InputError

NEEDED = {"UNDERSTUDY_STORE": "s3://models/a", "UNDERSTUDY_MODEL": "parasites"}


def test_the_defaults() -> None:
    assert parse_settings(NEEDED) == Settings("s3://models/a", "parasites", "dev")


def test_all_that_can_be_said() -> None:
    found = parse_settings(
        {
            **NEEDED,
            "UNDERSTUDY_STAGE": "prod",
            "UNDERSTUDY_IMAGES": "s3://photos/in, s3://scans ,",
            "UNDERSTUDY_RESULTS": "s3://photos/out/",
            "UNDERSTUDY_CACHE": "/mnt/cache",
            "UNDERSTUDY_CACHE_BYTES": "1000",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        }
    )
    assert found == Settings(
        "s3://models/a",
        "parasites",
        "prod",
        (ObjectUrl("photos", "in"), ObjectUrl("scans", "")),
        ObjectUrl("photos", "out/"),
        Path("/mnt/cache"),
        1000,
        352 * 1024 * 1024,
    )


@pytest.mark.parametrize(
    ("variables", "what"),
    [
        ({"UNDERSTUDY_STORE": ""}, "UNDERSTUDY_STORE is not set"),
        ({"UNDERSTUDY_MODEL": ""}, "UNDERSTUDY_MODEL is not set"),
        ({"UNDERSTUDY_MODEL": "a/b"}, "a model cannot be called"),
        ({"UNDERSTUDY_STAGE": "stages"}, "a stage cannot be called"),
        ({"UNDERSTUDY_IMAGES": "photos/in"}, "UNDERSTUDY_IMAGES has 'photos/in'"),
        ({"UNDERSTUDY_RESULTS": "out"}, "UNDERSTUDY_RESULTS has 'out'"),
        ({"UNDERSTUDY_CACHE_BYTES": "1 GB"}, "UNDERSTUDY_CACHE_BYTES is '1 GB'"),
        (
            {"UNDERSTUDY_IMAGES": "s3://b/x/in", "UNDERSTUDY_RESULTS": "s3://b/x"},
            "UNDERSTUDY_IMAGES has s3://b/x/in, which is inside of UNDERSTUDY_RESULTS",
        ),
        (
            {"UNDERSTUDY_IMAGES": "s3://b/x", "UNDERSTUDY_RESULTS": "s3://b"},
            "UNDERSTUDY_IMAGES has s3://b/x, which is inside of UNDERSTUDY_RESULTS",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(variables: dict[str, str], what: str) -> None:
    with pytest.raises(InputError, match=what) as error:
        parse_settings(NEEDED | variables)
    assert error.value.hint


STEP = st.dictionaries(
    st.sampled_from(["fetch", "decode", "preprocess", "infer", "x"]), st.floats(0, 1e6)
)


PROBLEMS = st.lists(
    st.builds(Problem, st.sampled_from(list(TITLES)), st.text(), st.text()), max_size=3
)


@given(st.lists(STEP, max_size=150), PROBLEMS)
def test_a_line_is_what_cloudwatch_takes(
    timings: list[dict[str, float]], problems: list[Problem]
) -> None:
    told = Invocation(1.5, "id", "s3", "m", "dev", None, True, 3.0, tuple(timings), tuple(problems))
    line = invocation_line(told)
    assert "\n" not in line
    said = json.loads(line)
    assert said["_aws"]["Timestamp"] == 1500
    (directive,) = said["_aws"]["CloudWatchMetrics"]
    for dimension in directive["Dimensions"][0]:
        assert isinstance(said[dimension], str)
    for metric in directive["Metrics"]:
        value = said[metric["Name"]]
        values = value if isinstance(value, list) else [value]
        assert 1 <= len(values) <= MOST_VALUES
        assert all(isinstance(number, int | float) for number in values)


def test_a_note_is_one_line() -> None:
    assert json.loads(note_line("WARN", "refused", "a\nb")) == {"level": "WARN", "refused": "a\nb"}
    assert "\n" not in note_line("WARN", "refused", "a\nb")
