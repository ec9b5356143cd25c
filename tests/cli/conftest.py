"""Running commands in this process, and models to run them on."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from understudy import cli

FASHION = Path(__file__).resolve().parents[2] / "examples" / "fashion"


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str


class Run(Protocol):
    def __call__(self, *arguments: str | Path) -> Done: ...


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store, which commands use when they are not told another."""
    folder = tmp_path / "store"
    monkeypatch.setenv("UNDERSTUDY_STORE", str(folder))
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], store: Path) -> Run:
    """Run a command as a person would; it must end without a traceback."""

    def call(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["understudy", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture
def fashion(run: Run) -> Path:
    """The first model of the example, pushed; the folder with its images."""
    assert run("push", FASHION / "first", "--model", "fashion").code == 0
    return FASHION / "images"
