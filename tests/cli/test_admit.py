"""`understudy admit` and `serve`, as a person uses them, with real models."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.conftest import FASHION, Run

COMMAND = [sys.executable, "-c", "from understudy.cli import main; main()"]


def drop(name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in (FASHION / name).iterdir():
        shutil.copy(path, folder)


def move(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        path.replace(target / path.name)


def test_drop_rename_and_roll_back(run: Run, store: Path) -> None:
    dev, prod = store / "fashion" / "dev", store / "fashion" / "prod"
    drop("first", dev)
    done = run("admit", "fashion")
    assert done.code == 0
    assert "fashion dev: admitted: admitted as release" in done.out
    assert "fashion prod: empty" in done.out
    move(dev, prod)
    assert "fashion prod: admitted" in run("admit", "fashion", "--stage", "prod").out
    (dev / "model.keras").write_text("<html>not found</html>")
    done = run("admit", "fashion", "--stage", "dev")
    assert done.code == 1
    assert "model.keras is text and no model; dev goes on serving" in done.out
    assert "hint:" in done.out
    (dev / "model.keras").unlink()
    drop("better", dev)
    (better,) = json.loads(run("admit", "fashion", "--stage", "dev", "--json").out)
    assert (better["state"], better["moved"]) == ("admitted", True)
    answers = run("classify", FASHION / "images" / "test-00000.png", "--model", "fashion")
    assert "Ankle boot" in answers.out
    assert run("rollback", "fashion", "--stage", "dev").code == 0
    (back, _) = json.loads(run("admit", "fashion", "--json").out)
    assert (back["state"], back["moved"]) == ("admitted", False)
    assert back["release"] != better["release"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["admit"], "which model?"),
        (["admit", "nobody"], "there is no model nobody"),
        (["admit", "a/b"], "a model cannot be called"),
        (["admit", "fashion", "--stage", "test"], "there is no stage test"),
        (["admit", "--watch", "--stage", "dev"], "--watch looks at every stage"),
        (["serve", "a b"], "a model cannot be called"),
    ],
)
def test_mistakes_are_told(run: Run, store: Path, words: list[str], said: str) -> None:
    drop("first", store / "fashion" / "dev")
    done = run(*words)
    assert done.code == 2
    assert said in done.err
    assert "hint:" in done.err


class Serving:
    """`understudy serve --json` in a process of its own."""

    def __init__(self, store: Path) -> None:
        words = [*COMMAND, "serve", "--every", "0.1", "--json", "--store", str(store)]
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def wait_for(self, **wanted: str) -> dict[str, Any]:
        """The first line from here on that says all this."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            news: dict[str, Any] = json.loads(line)
            if all(news.get(name) == value for name, value in wanted.items()):
                return news
        raise AssertionError(f"it ended: {self.process.communicate()}")


@pytest.fixture
def serving(store: Path) -> Iterator[Serving]:
    found = Serving(store)
    yield found
    found.process.kill()
    found.process.communicate()


def test_serve_follows_the_folders(serving: Serving, store: Path) -> None:
    dev, prod = store / "fashion" / "dev", store / "fashion" / "prod"
    drop("first", dev)
    first = serving.wait_for(event="serving", stage="dev")["release"]
    (dev / "weights.h5").write_bytes(b"half")
    news = serving.wait_for(event="folder", state="rejected")
    assert news["release"] == first
    shutil.rmtree(dev)
    drop("better", dev)
    better = serving.wait_for(event="serving", stage="dev")["release"]
    assert better != first
    move(dev, prod)
    assert serving.wait_for(event="serving", stage="prod")["release"] == better


def test_serve_ends_with_ctrl_c(serving: Serving, store: Path) -> None:
    drop("first", store / "fashion" / "dev")
    serving.wait_for(event="serving")
    serving.process.send_signal(2)
    _, err = serving.process.communicate(timeout=60)
    assert serving.process.returncode == 130
    assert err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err


def test_serve_ends_when_a_service_manager_says_so(serving: Serving, store: Path) -> None:
    drop("first", store / "fashion" / "dev")
    serving.wait_for(event="serving")
    serving.process.terminate()
    _, err = serving.process.communicate(timeout=60)
    assert serving.process.returncode == 0
    assert err.splitlines() == ["watching; Ctrl-C ends it", "stopped"]


def test_serve_ends_when_nobody_reads(store: Path) -> None:
    drop("first", store / "fashion" / "dev")
    words = [*COMMAND, "serve", "--every", "0.1", "--json", "--store", str(store)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        it.stdout.readline()
        it.stdout.close()
        start = time.monotonic()
        while it.poll() is None and time.monotonic() - start < 60:
            drop("better", store / "fashion" / "dev")
            time.sleep(1)
            shutil.rmtree(store / "fashion" / "dev")
            drop("first", store / "fashion" / "dev")
            time.sleep(1)
        ended = it.poll()
        it.kill()
        assert it.stderr is not None
        err = it.stderr.read()
    assert ended is not None
    assert err.splitlines() == ["watching; Ctrl-C ends it"]


def test_goldens_decide_what_keras_ran_on(run: Run, tmp_path: Path) -> None:
    folder = Path(__file__).parents[1] / "golden" / "keras-3.15.1-jax+corners"
    with zipfile.ZipFile(folder / "models.zip") as archive:
        for name in ("model.keras", "goldens.npz"):
            (tmp_path / name).write_bytes(archive.read(f"squares/{name}"))
    with np.load(tmp_path / "goldens.npz") as goldens:
        assert goldens["inputs"].ndim == 4
        wrong = {"inputs": goldens["inputs"], "outputs": goldens["outputs"][::-1]}
    done = run("push", tmp_path / "model.keras", "--model", "squares")
    assert done.code == 2
    assert "--backend tensorflow, jax or torch" in done.err
    told = run(
        "push", tmp_path / "model.keras", "--goldens", tmp_path / "goldens.npz",
        "--model", "squares", "--json",
    )  # fmt: skip
    assert told.code == 0, told.err
    assert "the goldens say that Keras ran on jax; no file does" in told.out
    np.savez(tmp_path / "goldens.npz", **wrong)
    none = run("push", tmp_path, "--model", "squares")
    assert none.code == 2
    assert "--backend tensorflow, jax or torch" in none.err
