"""What the function logs: lines of JSON, of which CloudWatch makes metrics by itself. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..problem import Problem

NAMESPACE = "Understudy"
MOST_VALUES = 100
"""The most values of one metric that CloudWatch takes from one line."""

STEPS: Mapping[str, str] = {
    "fetch": "Fetch",
    "decode": "Decode",
    "preprocess": "Preprocess",
    "infer": "Infer",
}
"""A step of the answer -> its metric."""

METRICS: Mapping[str, str] = {
    "Duration": "Milliseconds",
    **dict.fromkeys(STEPS.values(), "Milliseconds"),
    "Images": "Count",
    "Failed": "Count",
    "ColdStart": "Count",
    "Admitted": "Count",
    "Rejected": "Count",
    "AdmissionSeconds": "Seconds",
}


@dataclass(frozen=True, slots=True)
class Invocation:
    """What is told of one invocation.

    Attributes:
        at: when it ended, in seconds since 1970.
        request: its id.
        sender: the kind of the event.
        model: the model's name.
        stage: whose release answered.
        release: the release; None where there was none.
        cold: whether it was the first of this process.
        duration: of the handler, in milliseconds.
        timings: the steps of each image that was classified, in milliseconds.
        problems: what went wrong, one for each image or for the event.
    """

    at: float
    request: str
    sender: str
    model: str
    stage: str
    release: str | None
    cold: bool
    duration: float
    timings: tuple[Mapping[str, float], ...] = ()
    problems: tuple[Problem, ...] = ()


def invocation_line(told: Invocation) -> str:
    """Make the line of an invocation, with its metrics."""
    values: dict[str, Any] = {
        "Duration": round(told.duration, 3),
        **{metric: _values(told, step) for step, metric in STEPS.items()},
        "Images": len(told.timings),
        "Failed": len(told.problems),
        "ColdStart": int(told.cold),
    }
    measured = {name: value for name, value in values.items() if value != []}
    said = {
        "level": _level(told.problems),
        "request": told.request,
        "sender": told.sender,
        "release": told.release,
        "start": "cold" if told.cold else "warm",
        "problems": [problem.to_error() for problem in told.problems[:MOST_VALUES]],
    }
    return metrics_line(told.at, told.model, told.stage, measured, said)


def metrics_line(
    at: float, model: str, stage: str, measured: Mapping[str, Any], said: Mapping[str, Any]
) -> str:
    """Make a line with metrics.

    Args:
        at: when this was, in seconds since 1970.
        model: whose metrics these are; so is the stage.
        stage: of the model.
        measured: a metric of `METRICS` -> its value, or its values.
        said: the rest of the line.
    """
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Model", "Stage"]],
        "Metrics": [{"Name": name, "Unit": METRICS[name]} for name in measured],
    }
    told = {"Timestamp": int(at * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": told, "Model": model, "Stage": stage, **measured, **said})


def note_line(level: str, kind: str, said: object) -> str:
    """Make the line of anything else: a result, a release that was swapped in."""
    return json.dumps({"level": level, kind: said})


def _level(problems: tuple[Problem, ...]) -> str:
    """A question that made no sense is a warning; what could not be answered here is an error."""
    if not problems:
        return "INFO"
    return "ERROR" if any(problem.status >= 500 for problem in problems) else "WARN"


def _values(told: Invocation, step: str) -> list[float]:
    found = [round(timings[step], 3) for timings in told.timings if step in timings]
    return found[:MOST_VALUES]
