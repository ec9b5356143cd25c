"""Fixtures: an AWS of this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from understudy.deploy.aws import Account, account

from .cloud import REGION, Cloud, missing, running


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    why = missing()
    if why is not None:
        pytest.skip(why)
    with running(tmp_path_factory.mktemp("cloud")) as found:
        yield found


@pytest.fixture
def where(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Its only account."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return account(REGION)
