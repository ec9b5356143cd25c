"""Events, and a function over a small model that says "blue" of everything."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from serve.live.scene import RED
from serve.makers import encoded

EVENTS = Path(__file__).parent / "events"
HANDLER = "understudy.edges.lambda_.handler.handler"
"""As Lambda's settings have it."""

PNG = encoded(RED, "PNG")
PNG_64 = base64.b64encode(PNG).decode()
BUCKET, KEY = "photos", "in/blood 1+2é.png"
"""What the events of S3 name."""


def sent(name: str) -> Any:
    """An event as `sam local generate-event` makes it."""
    return json.loads((EVENTS / f"{name}.json").read_text())


def function_url(
    method: str = "GET", path: str = "/health", body: bytes = b"", kind: str = "", query: str = ""
) -> Any:
    """What a function URL sends: sam's event of an HTTP API, with a function URL's domain."""
    event = sent("http_api")
    event["requestContext"] |= {"domainName": "id.lambda-url.us-east-1.on.aws", "stage": "$default"}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event |= {"rawPath": path, "rawQueryString": query}
    event["headers"] = {"content-type": kind} if kind else {}
    event["body"] = base64.b64encode(body).decode()
    return event


def eventbridge(bucket: str = BUCKET, key: str = KEY, kind: str = "Object Created") -> Any:
    """What EventBridge sends of a bucket; sam has none.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2021-11-12T00:00:00Z",
        "region": "ca-central-1",
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {
                "key": key,
                "size": 5,
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
                "sequencer": "617f08299329d189",
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012",
            "source-ip-address": "1.2.3.4",
            "reason": "PutObject",
        },
    }


def put_event(bucket: str, key: str) -> Any:
    """What S3 sends; the key is encoded as S3 does it."""
    from urllib.parse import quote_plus

    event = sent("s3_put")
    event["Records"][0]["s3"]["bucket"]["name"] = bucket
    event["Records"][0]["s3"]["object"]["key"] = quote_plus(key, safe="/")
    return event


TEST_EVENT = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2014-10-13T15:57:02.089Z",
    "Bucket": BUCKET,
    "RequestId": "5582815E1AEA5ADF",
    "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
}
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
