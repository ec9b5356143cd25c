"""What people get wrong when they build a bundle; all of it is seen before anything is fetched."""

from __future__ import annotations

import re
from pathlib import Path

from tests.build.makers import elf
from tests.cli.conftest import Run
from tests.cli.test_errors import assert_told


def test_two_places_for_the_packages(run: Run) -> None:
    assert_told(run("build", "--zip-dependencies", "--layer"), "two places", "choose one of them")


def test_no_such_file_of_requirements(run: Run, tmp_path: Path) -> None:
    assert_told(run("build", "--requirements", tmp_path / "no.txt"), "there is no file", "no.txt")


def test_packages_for_another_machine(run: Run, tmp_path: Path) -> None:
    (tmp_path / "b.cpython-311-darwin.so").write_bytes(elf(machine=183))
    done = run("build", "--arch", "x86_64", "--vendor", tmp_path)
    assert_told(done, "does not run on Python 3.13 on x86_64", "is for arm64, not for x86_64")


def test_an_unknown_function(run: Run) -> None:
    done = run("build", "--function", "training")
    assert done.code == 2
    assert re.search("serving.*admission", done.err, re.DOTALL)
