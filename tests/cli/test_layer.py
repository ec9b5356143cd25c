"""`--layer NAME=EXPRESSION`: what a Lambda computes, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from keras_files import conv, conv_weights, files, image_input, layer, legacy_weights, sequential

SCALE = "scale=x / 127.5 - 1"


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    config = {"function": ["4wEAAA==", None, None], "function_type": "lambda", "arguments": {}}
    document = sequential(
        image_input(),
        layer("Lambda", "scale", **config),
        conv("c"),
        layer("GlobalAveragePooling2D", "pool"),
    )
    made = files(document, legacy_weights(conv_weights("c", (3, 3, 3, 4))))
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in made]


def test_the_error_shows_what_to_write(run: Run, sources: list[Path], tmp_path: Path) -> None:
    done = run("compile", *sources, "-o", tmp_path / "out")
    assert done.code == 2
    assert "--layer scale=EXPRESSION" in done.err
    assert "hint: an EXPRESSION is arithmetic on x" in done.err
    found = json.loads(run("inspect", *sources, "--json").out)
    assert "--layer scale=EXPRESSION" in found["problems"][0]


def test_an_expression_lets_the_model_through(
    run: Run, sources: list[Path], tmp_path: Path
) -> None:
    assert run("compile", *sources, "-o", tmp_path / "out", "--layer", SCALE).code == 0
    found = json.loads(run("inspect", *sources, "--layer", SCALE, "--json").out)
    assert found["compiles"]


def test_another_expression_is_another_release(run: Run, sources: list[Path]) -> None:
    push = ("push", *sources, "--model", "m", "--json", "--layer")
    first = json.loads(run(*push, SCALE).out)
    again = json.loads(run(*push, "scale=x/127.5  -  1".replace("/", " / ")).out)
    other = json.loads(run(*push, "scale=x / 255").out)
    assert first["release"] == again["release"] != other["release"]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("scale", "a name and an expression are needed"),
        ("scale=import os", "invalid syntax"),
        ("scale=open('x')", "there is no function open"),
        ("other=x", "there is no Lambda or custom layer of that name"),
        ("c=x", "there is no Lambda or custom layer of that name"),
    ],
)
def test_what_is_wrong_is_said(
    run: Run, sources: list[Path], tmp_path: Path, option: str, said: str
) -> None:
    done = run("compile", *sources, "-o", tmp_path / "out", "--layer", option)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "out").exists()
