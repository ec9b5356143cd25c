"""A short run of the images' fuzzer; `make fuzz` runs 5,000 cases."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from fuzz.damage import damage
from fuzz.images import WAYS, Case, case, outcome, seeds

RUN = Path(__file__).parent / "images.py"
COUNT = 400


def test_damaged_images_end_in_an_error_or_an_image() -> None:
    run = subprocess.run(
        [sys.executable, str(RUN), "--count", str(COUNT), "--jobs", "1"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout + run.stderr
    assert run.stdout.startswith(f"{COUNT} images in ")
    for word in ("refused", "decoded", "same"):
        assert f" {word}" in run.stdout


@pytest.mark.parametrize("way", WAYS)
def test_whole_images_are_decoded(way: str) -> None:
    """Otherwise the fuzzer would only find that whole images are refused, too."""
    refused = [name for name, data in seeds().items() if outcome(Case(data, way)) == "refused"]
    assert refused == []


def test_every_kind_is_there() -> None:
    kinds = {Image.open(io.BytesIO(data)).format for data in seeds().values()}
    assert kinds == {"JPEG", "MPO", "PNG", "GIF", "WEBP", "TIFF", "BMP"}


def test_a_case_is_its_number() -> None:
    assert case(7) == case(7)
    assert case(7) != case(8)
    whole = seeds()["png 8"]
    made = {damage(whole, lambda _: b"other", seed) for seed in range(200)}
    assert len(made) > 150
