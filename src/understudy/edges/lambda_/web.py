"""HTTP as Lambda knows it: three forms of events and of answers, all the same request to us.

| form | comes from |
|---|---|
| v2 | function URLs, and HTTP APIs with payload format 2.0 |
| v1 | REST APIs, and HTTP APIs with payload format 1.0 |
| alb | load balancers; with the option for multi-value headers they want these in the answer |

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, unquote_plus

from ..body import MAX_BODY, too_large
from ..http import Request, Response
from ..problem import TITLES, Problem
from ..task import parse_base64
from .json_values import at, listed, mapped, text

Form = Literal["url", "http-api", "rest-api", "alb", "alb-multi"]

REPLACED = "\N{REPLACEMENT CHARACTER}"
"""What a gateway puts in the place of bytes that are no text."""


@dataclass(frozen=True, slots=True)
class Web:
    """An HTTP request; `request` is a problem where it cannot be read."""

    form: Form
    request: Request | Problem


def is_v2(event: Mapping[str, Any]) -> bool:
    """Whether a function URL or an HTTP API sent this."""
    return event.get("version") == "2.0" and isinstance(at(event, "requestContext", "http"), dict)


def is_alb(event: Mapping[str, Any]) -> bool:
    """Whether a load balancer sent this."""
    return isinstance(at(event, "requestContext", "elb"), dict)


def is_v1(event: Mapping[str, Any]) -> bool:
    """Whether a REST API sent this, or an HTTP API in the old format."""
    asked = isinstance(event.get("httpMethod"), str) and "requestContext" in event
    return asked and "methodArn" not in event  # that is a question to an authorizer


def read_v2(event: Mapping[str, Any]) -> Web:
    """Read payload format 2.0: the query is not decoded, nor is the path."""
    domain = text(at(event, "requestContext", "domainName"))
    form: Form = "url" if ".lambda-url." in domain else "http-api"
    query = dict(parse_qsl(text(event.get("rawQueryString")), keep_blank_values=True))
    method = text(at(event, "requestContext", "http", "method"))
    return Web(form, _request(event, method, unquote(text(event.get("rawPath"))), query))


def read_v1(event: Mapping[str, Any]) -> Web:
    """Read payload format 1.0: the query is decoded."""
    query = {key: text(value) for key, value in _values(event, "QueryStringParameters").items()}
    path = text(event.get("path"))
    return Web("rest-api", _request(event, text(event.get("httpMethod")), path, query))


def read_alb(event: Mapping[str, Any]) -> Web:
    """Read a load balancer's event: the query is not decoded."""
    form: Form = "alb-multi" if "multiValueHeaders" in event else "alb"
    values = _values(event, "QueryStringParameters").items()
    query = {unquote_plus(key): unquote_plus(text(value)) for key, value in values}
    path = unquote(text(event.get("path")))
    return Web(form, _request(event, text(event.get("httpMethod")), path, query))


def write(form: Form, response: Response) -> dict[str, Any]:
    """Give the answer in the form of the event."""
    answer: dict[str, Any] = {
        "statusCode": response.status,
        "body": response.body,
        "isBase64Encoded": False,
    }
    if form == "alb-multi":
        answer["multiValueHeaders"] = {key: [value] for key, value in response.headers.items()}
    else:
        answer["headers"] = dict(response.headers)
    if form in ("alb", "alb-multi"):
        answer["statusDescription"] = f"{response.status} {TITLES.get(response.status, 'OK')}"
    return answer


def _request(
    event: Mapping[str, Any], method: str, path: str, query: Mapping[str, str]
) -> Request | Problem:
    headers = {key.lower(): text(value) for key, value in _values(event, "Headers").items()}
    body = _body(event)
    if isinstance(body, Problem):
        return body
    stage = text(at(event, "requestContext", "stage"))
    if stage and path.startswith(f"/{stage}/"):
        path = path.removeprefix(f"/{stage}")
    return Request(method.upper(), path, headers, query, body)


def _body(event: Mapping[str, Any]) -> bytes | Problem:
    said = text(event.get("body"))
    if len(said) > 2 * MAX_BODY:
        return too_large()
    if event.get("isBase64Encoded") is True:
        found = parse_base64(said)
        return Problem(400, "the body is not base64", "send it again") if found is None else found
    if REPLACED in said:
        return Problem(
            400,
            "the gateway took the body for text, and damaged it",
            "set the API's binary media types to */*, or send JSON with base64",
        )
    return said.encode("utf-8", "surrogatepass")


def _values(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The last value of each of the headers or of the query's parts."""
    single = mapped(event.get(name[0].lower() + name[1:]))
    several = mapped(event.get(f"multiValue{name}"))
    return {**single, **{key: values[-1] for key, v in several.items() if (values := listed(v))}}
