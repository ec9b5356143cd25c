"""Credentials that expire, and those that a service gives."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from understudy.errors import StoreError
from understudy.store.aws import settings
from understudy.store.credentials import Credentials, Keys, from_container

from .canned import canned

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GIVEN = {"AccessKeyId": "given", "SecretAccessKey": "s", "Token": "t"}


class Source:
    """Gives keys that are valid for an hour, as long as it can."""

    def __init__(self) -> None:
        self.now = NOW
        self.calls = 0
        self.broken = False

    def __call__(self) -> Keys:
        self.calls += 1
        if self.broken:
            raise StoreError("broken", hint="mend it")
        return Keys(f"key-{self.calls}", "secret", None, self.now + timedelta(hours=1))


def test_credentials_are_fetched_again_before_they_expire() -> None:
    source = Source()
    credentials = Credentials(source, lambda: source.now)
    assert [credentials()["access_key_id"] for _ in range(3)] == ["key-1"] * 3
    source.now = NOW + timedelta(minutes=54)
    assert credentials()["access_key_id"] == "key-1"
    source.now = NOW + timedelta(minutes=56)
    assert credentials()["access_key_id"] == "key-2"


def test_what_is_still_valid_is_used_when_there_is_nothing_new() -> None:
    source = Source()
    credentials = Credentials(source, lambda: source.now)
    credentials()
    source.broken = True
    source.now = NOW + timedelta(minutes=59)
    assert credentials()["access_key_id"] == "key-1"
    source.now = NOW + timedelta(minutes=61)
    with pytest.raises(StoreError, match="broken"):
        credentials()
    source.broken = False
    assert credentials()["access_key_id"].startswith("key-")


def test_keys_without_an_end_are_fetched_once() -> None:
    calls = []

    def source() -> Keys:
        calls.append(1)
        return Keys("a", "s")

    credentials = Credentials(source)
    assert credentials() == credentials()
    assert len(calls) == 1


def sso_home(home: Path, expires: str, *, session: bool) -> dict[str, str]:
    start = "https://example.awsapps.com/start"
    place = f"sso_region = eu-west-1\nsso_start_url = {start}\n"
    profile = "sso_account_id = 123456789012\nsso_role_name = Deploy\n"
    (home / ".aws" / "sso" / "cache").mkdir(parents=True)
    (home / ".aws" / "config").write_text(
        f"[profile me]\nsso_session = work\n{profile}[sso-session work]\n{place}"
        if session
        else f"[profile me]\n{profile}{place}"
    )
    name = hashlib.sha1((("work") if session else start).encode()).hexdigest()
    (home / ".aws" / "sso" / "cache" / f"{name}.json").write_text(
        json.dumps({"accessToken": "bearer", "expiresAt": expires})
    )
    return {"HOME": str(home), "PATH": "/nowhere", "AWS_PROFILE": "me"}


@pytest.mark.parametrize("session", [True, False])
def test_an_sso_login_gives_the_credentials_of_its_role(tmp_path: Path, session: bool) -> None:
    environ = sso_home(tmp_path, "2099-01-01T00:00:00Z", session=session)
    role = {
        "accessKeyId": "sso",
        "secretAccessKey": "s",
        "sessionToken": "t",
        "expiration": 4102444800000,
    }
    seen: list[tuple[str, dict[str, str]]] = []
    with canned({"GET": (200, json.dumps({"roleCredentials": role}), {})}, seen) as url:
        found = settings({**environ, "AWS_ENDPOINT_URL_SSO": url}).credentials
        assert found is not None
        assert found() == {
            "access_key_id": "sso",
            "secret_access_key": "s",
            "token": "t",
            "expires_at": datetime(2100, 1, 1, tzinfo=UTC),
        }
    ((path, headers),) = seen
    assert path == "/federation/credentials?role_name=Deploy&account_id=123456789012"
    assert headers["x-amz-sso_bearer_token"] == "bearer"


def test_an_sso_login_that_is_over(tmp_path: Path) -> None:
    environ = sso_home(tmp_path, "2020-01-01T00:00:00Z", session=True)
    found = settings(environ).credentials
    assert found is not None
    with pytest.raises(StoreError, match="has expired") as caught:
        found()
    assert caught.value.hint == "run `aws sso login --profile me`"


def test_an_sso_login_that_is_refused(tmp_path: Path) -> None:
    environ = sso_home(tmp_path, "2099-01-01T00:00:00Z", session=True)
    with canned({"GET": (401, "{}", {})}) as url:
        found = settings({**environ, "AWS_ENDPOINT_URL_SSO": url}).credentials
        assert found is not None
        with pytest.raises(StoreError, match="role Deploy were refused: HTTP 401"):
            found()


def test_a_container_gives_credentials(tmp_path: Path) -> None:
    seen: list[tuple[str, dict[str, str]]] = []
    (tmp_path / "token").write_text("from a file\n")
    with canned({"GET": (200, json.dumps(GIVEN), {})}, seen) as url:
        for variables in (
            {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "from a variable"},
            {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")},
        ):
            environ = {
                "HOME": str(tmp_path),
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/v2",
                **variables,
            }
            found = settings(environ).credentials
            assert found is not None
            assert found()["access_key_id"] == "given"
    assert [headers["authorization"] for _, headers in seen] == ["from a variable", "from a file"]


def test_container_credentials_do_not_leave_the_machine_unencrypted() -> None:
    with pytest.raises(StoreError, match=r"not fetched unencrypted from http://example\.org"):
        from_container("http://example.org/v2", "token")


def test_a_container_that_does_not_answer() -> None:
    with pytest.raises(StoreError, match=r"could not be fetched from 127\.0\.0\.1:1") as caught:
        from_container("http://127.0.0.1:1/v2", None)
    assert caught.value.hint
