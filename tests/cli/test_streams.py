"""Outputs that are closed, full, of another encoding, or not read to the end; and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.conftest import FASHION

COMMAND = [sys.executable, "-c", "from understudy.cli import main; main()"]
IMAGES = FASHION / "images"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams") / "store"
    subprocess.run(
        [*COMMAND, "push", FASHION / "first", "--model", "fashion", "--store", folder], check=True
    )
    return folder


def classify(store: Path, *options: str) -> str:
    words = [*COMMAND, "classify", str(IMAGES), "--model", "fashion", "--store", str(store)]
    return subprocess.list2cmdline([*words, *options])


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", line],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )


@pytest.mark.parametrize("options", [[], ["--json"], ["--csv"]])
def test_a_closed_output_is_no_bug(store: Path, options: list[str]) -> None:
    done = shell(f"{classify(store, *options)} >&-")
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("options", [[], ["--json"], ["--csv"]])
def test_a_full_disk_is_told(store: Path, options: list[str]) -> None:
    done = shell(f"{classify(store, *options)} > /dev/full")
    assert done.returncode == 2
    assert "the output cannot be written: no space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [[], ["--json"], ["--csv"]])
def test_a_reader_that_has_enough(store: Path, options: list[str]) -> None:
    done = shell(f"{classify(store, *options)} | head -1")
    assert done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_of_the_output(store: Path, tmp_path: Path, encoding: str) -> None:
    image = tmp_path / "Übung 猫.png"
    image.write_bytes((IMAGES / "test-00000.png").read_bytes())
    words = [*COMMAND, "classify", image, "--model", "fashion", "--store", store]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    subprocess.run(words, env=environment, capture_output=True, check=True)
    done = subprocess.run([*words, "--json"], env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout.decode(encoding))["image"] == str(image)


def test_names_cannot_steer_the_terminal(store: Path, tmp_path: Path) -> None:
    image = tmp_path / "a\x1b[31mred\n.png"
    image.write_bytes((IMAGES / "test-00000.png").read_bytes())
    words = [*COMMAND, "classify", image, "--model", "fashion", "--store", store]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout


def test_interrupting_says_so(store: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(20_000):
        (many / f"{number}.png").symlink_to(IMAGES / "test-00000.png")
    words = [*COMMAND, "classify", many, "--model", "fashion", "--store", store, "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, told = process.communicate(timeout=30)
    assert time.monotonic() - started < 30
    assert process.returncode == 130
    assert told.decode().strip() == "interrupted"


def test_onnxruntime_sends_nothing_home(store: Path, tmp_path: Path) -> None:
    """It would queue usage events, with a device id, below the home directory."""
    words = [*COMMAND, "classify", IMAGES, "--model", "fashion", "--store", store, "--json"]
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run(words, env=environment, capture_output=True, check=True)
    assert not list(tmp_path.rglob("*onnxruntime*"))
