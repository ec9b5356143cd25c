"""What a failed call means: each case is what a server does, and the words for it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from understudy.errors import ConflictError, NotFoundError, StoreError
from understudy.store.aws import settings
from understudy.store.s3 import S3Store

from .canned import canned
from .servers import BUCKET, WRITER, S3Server

CASES = [
    (301, "PermanentRedirect", "<Region>eu-west-1</Region>", "the bucket is in another region"),
    (
        400,
        "AuthorizationHeaderMalformed",
        "<Region>eu-west-1</Region>",
        "the bucket is in another region, eu-west-1",
    ),
    (403, "RequestTimeTooSkewed", "", "the clock of this machine is wrong"),
    (400, "ExpiredToken", "", "the credentials have expired"),
    (403, "InvalidToken", "", "the session token is not valid"),
    (403, "InvalidAccessKeyId", "", "the access key is not known there"),
    (403, "SignatureDoesNotMatch", "", "the secret access key is wrong"),
    (403, "AccessDenied", "", "permission denied"),
    (403, "", "", "permission denied"),
    (401, "Unauthorized", "", r"Some words \(Unauthorized\)"),
    (404, "NoSuchBucket", "", "there is no such bucket"),
    (501, "NotImplemented", "", "the server does not know this request"),
    (503, "SlowDown", "", "the store is overloaded or broken"),
    (500, "InternalError", "", "the store is overloaded or broken"),
    (400, "KMS.DisabledException", "", r"Some words \(KMS\.DisabledException\)"),
]


def at(endpoint: str, **variables: str) -> S3Store:
    return S3Store(BUCKET, "p", settings({**WRITER, "AWS_ENDPOINT_URL": endpoint, **variables}))


def xml(code: str, more: str = "") -> str:
    words = f"<Code>{code}</Code><Message>Some words.</Message>{more}"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{words}</Error>'


@pytest.mark.parametrize(("status", "code", "more", "words"), CASES)
def test_what_a_server_answers(status: int, code: str, more: str, words: str) -> None:
    answer = (status, xml(code, more), {})
    with canned(dict.fromkeys(("GET", "PUT", "DELETE"), answer)) as endpoint:
        store = at(endpoint)
        calls: list[Callable[[], object]] = [
            lambda: store.get("key"),
            lambda: store.list(""),
            lambda: store.put("key", b"1"),
            lambda: store.put_if("key", b"1", expected=None),
            lambda: store.put_if("key", b"1", expected='"1"'),
            lambda: store.copy("key", "copy"),
        ]
        if code != "NoSuchBucket":  # where there is nothing to delete
            calls.append(lambda: store.delete("key"))
        for call in calls:
            with pytest.raises(StoreError, match=words) as caught:
                call()
            assert not isinstance(caught.value, ConflictError | NotFoundError)
            assert "\n" not in caught.value.what
            assert "<" not in caught.value.what
            assert caught.value.hint


def test_a_conflict_that_nobody_won_is_tried_again() -> None:
    seen: list[tuple[str, dict[str, str]]] = []
    answers: Mapping[str, tuple[int, str, dict[str, str]]] = {
        "PUT": (409, xml("ConditionalRequestConflict"), {})
    }
    with canned(answers, seen) as endpoint:
        for expected in (None, '"1"'):
            seen.clear()
            with pytest.raises(StoreError, match="cannot write key"):
                at(endpoint).put_if("key", b"1", expected=expected)
            assert len(seen) == 4


def test_wrong_credentials(s3_server: S3Server) -> None:
    environ = s3_server.environment()
    wrong_key = S3Store(BUCKET, "", settings({**environ, "AWS_ACCESS_KEY_ID": "nobody"}))
    wrong_secret = S3Store(BUCKET, "", settings({**environ, "AWS_SECRET_ACCESS_KEY": "guess"}))
    with pytest.raises(StoreError, match="the access key is not known there"):
        wrong_key.list("")
    with pytest.raises(StoreError, match="the secret access key is wrong"):
        wrong_secret.get("key")
    with pytest.raises(StoreError, match="the secret access key is wrong"):
        wrong_secret.put_if("key", b"1", expected=None)


def test_no_such_bucket(s3_server: S3Server) -> None:
    store = S3Store("nothing", "", settings(s3_server.environment()))
    for call in (
        lambda: store.get("key"),
        lambda: store.list(""),
        lambda: store.put("key", b"1"),
        lambda: store.put_if("key", b"1", expected=None),
    ):
        with pytest.raises(StoreError, match="there is no such bucket") as caught:
            call()
        assert not isinstance(caught.value, ConflictError | NotFoundError)


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("http://nothing.invalid", "the server's name cannot be found"),
        ("http://127.0.0.1:1", "nothing answers at the server's address"),
    ],
)
def test_a_server_that_is_not_there(endpoint: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        at(endpoint).get("key")
    with pytest.raises(StoreError, match=words):
        at(endpoint).put_if("key", b"1", expected=None)


def test_no_role_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is that of EC2, answered by a server of ours."""
    with canned({"PUT": (404, "", {}), "GET": (404, "", {})}) as url:
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", url)
        store = S3Store(BUCKET, "", settings({"HOME": "/nowhere"}))
        with pytest.raises(StoreError, match="there are no AWS credentials") as caught:
            store.get("key")
    assert "AWS_PROFILE" in caught.value.hint


def test_a_server_without_https(s3_server: S3Server) -> None:
    with pytest.raises(StoreError, match="does not speak HTTPS") as caught:
        at(s3_server.endpoint.replace("http:", "https:")).get("key")
    assert "http://" in caught.value.hint


class Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_certificate_that_is_not_trusted() -> None:
    """The files are made by `make.sh` beside them."""
    made = Path(__file__).parent / "certificate"
    server = HTTPServer(("127.0.0.1", 0), Empty)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made / "localhost.pem", made / "localhost.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        endpoint = f"https://localhost:{server.server_port}"
        with pytest.raises(StoreError, match="certificate is not trusted") as caught:
            at(endpoint).get("key")
        assert "AWS_CA_BUNDLE" in caught.value.hint
        with pytest.raises(NotFoundError):
            at(endpoint, AWS_CA_BUNDLE=str(made / "authority.pem")).get("key")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
