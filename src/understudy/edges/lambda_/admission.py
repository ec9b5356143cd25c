"""The entry point of the function that admits: `understudy.edges.lambda_.admission.handler`.

What is wrong with the variables each answer says, and not the import: its error would be shown
without a reason.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from ...admitting import admission_into
from ...errors import InputError
from ...release.layout import DEFAULT_STAGES
from ..task import parse_url
from .admit import AdmissionFunction
from .settings import STORE

NAME = "AWS_LAMBDA_FUNCTION_NAME"
"""Lambda itself says so what the function is called."""


def start(environ: Mapping[str, str]) -> AdmissionFunction:
    """Make the function of the variables.

    Raises:
        InputError: one is missing or cannot be used.
    """
    said = environ.get(STORE, "")
    store = parse_url(said)
    if store is None:
        raise InputError(
            f"{STORE} is {said!r}" if said else f"{STORE} is not set",
            hint="set it to the store, such as s3://bucket/prefix",
        )
    admission = admission_into(said, by=environ.get(NAME))
    return AdmissionFunction(admission, store, DEFAULT_STAGES, _print)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


try:
    _function: AdmissionFunction | InputError = start(os.environ)
except InputError as error:
    _function = error


def handler(event: object, context: Any = None) -> dict[str, Any]:
    """Admit what lies in the stage folders that an event is about; see docs/lambda.md."""
    if isinstance(_function, InputError):
        raise _function.with_traceback(None)  # else it would grow with every event
    return _function(event, context)
