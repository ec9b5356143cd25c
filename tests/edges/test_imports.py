"""What a cold start imports: nothing that a classification does not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from serve.live.scene import MODEL, add_release, point
from store.servers import READER, S3Server

from .scene import PNG, PNG_64, function_url

FORBIDDEN = {
    *{"h5py", "pyfive", "onnx", "typer", "rich", "yaml", "starlette", "boto3", "filelock"},
    *{"asyncio", "email", "http", "ssl", "unittest", "sqlite3", "xml", "multiprocessing"},
    *{"understudy.keras", "understudy.compiler", "understudy.cli", "understudy.delivery.admission"},
    *{"PIL.JpegImagePlugin", "PIL.TiffImagePlugin"},
}

PROGRAM = """
import json, sys
from understudy.edges.lambda_.handler import handler
for event in json.loads(sys.stdin.read()):
    print(json.dumps(handler(event)))
print(json.dumps(sorted(sys.modules)))
"""


def lines_of(events: list[object], variables: dict[str, str]) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(events),
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        check=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_classification_pulls_in_nothing_else(server: S3Server, tmp_path: Path) -> None:
    store = server.new_store()
    point(store, add_release(store, tmp_path / "blue", "blue"))
    variables = {
        **server.environment(READER),
        "UNDERSTUDY_STORE": store.describe(),
        "UNDERSTUDY_MODEL": MODEL,
        "UNDERSTUDY_CACHE": str(tmp_path / "cache"),
    }
    posted = function_url("POST", "/classify", PNG, "image/png")
    *lines, loaded = lines_of([{"image": PNG_64}, posted, function_url()], variables)
    assert any("predictions" in line for line in lines)
    assert "understudy.edges.lambda_.handler" in loaded
    assert not FORBIDDEN & set(loaded)


def test_without_any_settings_it_starts_and_says_what_is_missing() -> None:
    *_, answer, _ = lines_of([function_url()], {})
    assert answer["statusCode"] == 500
    assert "UNDERSTUDY_STORE is not set" in str(answer["body"])
