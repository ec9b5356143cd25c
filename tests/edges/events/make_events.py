"""Makes the events in this folder: what AWS sends, as `sam local generate-event` writes it.

    uvx --from aws-sam-cli==1.170.0 python tests/edges/events/make_events.py

or, with sam installed in another way, `make_events.py /path/to/sam`. The tests read the files
that are committed, and need no sam.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BUCKET, KEY = "photos", "in/blood 1+2é.png"
OBJECT = ("--bucket", BUCKET, "--key", KEY)
S3 = "@s3_put"
"""Stands for the event of that name, as text."""

TABLE: dict[str, tuple[str, ...]] = {
    "s3_put": ("s3", "put", *OBJECT),
    "s3_delete": ("s3", "delete", *OBJECT),
    "sns": ("sns", "notification", "--message", S3),
    "sqs": ("sqs", "receive-message", "--body", S3),
    "rest_api": ("apigateway", "aws-proxy", "--method", "POST", "--path", "classify"),
    "http_api": ("apigateway", "http-api-proxy", "--method", "POST", "--path", "classify"),
    "alb": ("alb", "request", "--method", "POST", "--path", "classify"),
    "scheduled": ("cloudwatch", "scheduled-event"),
    "batch": ("s3", "batch-invocation"),
    "kinesis": ("kinesis", "get-records"),
    "cognito": ("cognito", "sync-trigger"),
    "dynamodb": ("dynamodb", "update"),
    "authorizer": ("apigateway", "request-authorizer"),
    "step_functions_error": ("stepfunctions", "error"),
}
"""The file and the arguments. The last six are of senders that the function does not serve."""


def as_text(event: Any) -> str:
    """An event as JSON in a string of JSON: sam puts it into its templates as it is."""
    return json.dumps(json.dumps(event))[1:-1]


def main(sam: str) -> None:
    made: dict[str, Any] = {}
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    for name, arguments in TABLE.items():
        given = [as_text(made["s3_put"]) if text == S3 else text for text in arguments]
        done = subprocess.run(
            [sam, "local", "generate-event", *given],
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        )
        made[name] = json.loads(done.stdout)
        (HERE / f"{name}.json").write_text(json.dumps(made[name], indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sam")
