"""A person's own packages: what uv is asked, what its errors become, and one real bundle."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from understudy import building
from understudy.build import wheels
from understudy.build.contents import SERVING
from understudy.build.layout import Layout
from understudy.build.requirements import add_requirements, check_requirements, refusal
from understudy.build.target import Arch, Python, Target
from understudy.errors import BuildError, InputError

TARGET = Target(Python.PY313, Arch.X86_64)
FILE = Path("mine.txt")

SMALL = """
mkdir -p "$1/small-1.dist-info" "$1/numpy" "$1/numpy-9.dist-info" "$1/bin"
cd "$1"
echo 'x = 1' > small.py; echo > numpy/__init__.py; echo '#!here' > bin/small
cd small-1.dist-info
echo '{"url": "file:///here"}' > direct_url.json
printf 'small.py,,\\nbin/small,,\\nsmall-1.dist-info/direct_url.json,,\\n' > RECORD
cd ..
printf 'numpy/__init__.py,,\\n' > numpy-9.dist-info/RECORD
"""
"""What a small uv installs: a package, and one of ours."""


def fake(folder: Path, script: str = SMALL) -> Path:
    path = folder / "uv"
    find = 'for a in "$@"; do test "$last" = --target && set -- "$a"; last="$a"; done\n'
    path.write_text(f'#!/bin/sh\necho "$@" > {folder}/said\n{find}{script}\n')
    path.chmod(0o755)
    return path


def add(uv: Path, there: Mapping[str, str]) -> dict[str, str]:
    folder = uv.parent
    (folder / "mine.txt").write_text("small\n")
    (folder / "tree").mkdir()
    return add_requirements(uv, TARGET, folder / "mine.txt", SERVING.pins, folder / "tree", there)


def test_wheels_only_for_the_target_and_our_versions_stay(tmp_path: Path) -> None:
    assert add(fake(tmp_path), {"numpy/__init__.py": "numpy 2"}) == {"small.py": "small 1"}
    assert [path.name for path in (tmp_path / "tree").rglob("*")] == ["small.py"]
    said = (tmp_path / "said").read_text()
    for part in ("--only-binary :all:", "--python-version 3.13", "x86_64-manylinux_2_28"):
        assert part in said
    constraints = (tmp_path / "constraints.txt").read_text().split()
    assert [line.partition("==")[0] for line in constraints] == [
        *("numpy", "obstore", "onnxruntime", "pillow")
    ]


def test_files_in_the_place_of_ours_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"mine\.txt has files in the place of others"):
        add(fake(tmp_path), {"small/__init__.py": "ours 1"})


def test_an_editable_install_is_refused(tmp_path: Path) -> None:
    script = (
        SMALL + """echo '{"dir_info": {"editable": true}}' > small-1.dist-info/direct_url.json"""
    )
    with pytest.raises(BuildError, match="small is installed as editable"):
        add(fake(tmp_path, script), {})


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*none\.txt"):
        check_requirements(tmp_path / "none.txt")


SAID = {
    "conflict": (
        "error: No solution found when resolving dependencies\n"
        "  cause: Because you require numpy<2 and numpy==2.5.5, we can conclude that your"
        " requirements are unsatisfiable.\n",
        "Because you require numpy<2 and numpy==2.5.5",
        "the bundle has numpy 2.5.5: choose versions that work with that",
    ),
    "no wheel": (
        "error: No solution found when resolving dependencies\n"
        "  cause: Because docopt==1 has no usable wheels and you require docopt==1, we can\n"
        "         conclude that your requirements are unsatisfiable.\n\n"
        "hint: Wheels are required for `docopt` because building from source is disabled\n",
        "Because docopt==1 has no usable wheels and you require docopt==1, we can conclude",
        "--vendor",
    ),
    "offline": ("error: a\n  cause: Failed to fetch\n  cause: dns error\n", "dns error", "network"),
    "syntax": ("error: Couldn't parse requirement in `mine.txt`\n", "Couldn't parse", "correct"),
    "nothing": ("", "uv does not say why", "correct the file"),
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_wrong_is_said(case: str) -> None:
    said, why, hint = SAID[case]
    error = refusal(said, FILE, TARGET, {"numpy": "2.5.5", "pillow": "13.0.0"})
    start = "the packages of mine.txt cannot be had for Python 3.13 on x86_64: "
    assert error.what.startswith(start + why)
    assert hint in error.hint


def test_a_real_bundle_with_packages_of_both_kinds(tmp_path: Path) -> None:
    uv, vendor = wheels.find_uv(), tmp_path / "vendor"
    target = Target(Python.PY313, building.here())
    install = [str(uv), "pip", "install", "--quiet", "--only-binary", ":all:", "--target"]
    install += [str(vendor), "--python", sys.executable, "--python-version", target.python]
    done = subprocess.run(
        [*install, "--python-platform", target.platform, "markupsafe"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the packages cannot be had here: {wheels.cause(done.stderr)}")
    (tmp_path / "mine.txt").write_text("python-dateutil\n")
    bundle = building.build_bundle(
        output=tmp_path / "bundle.zip",
        layout=Layout.LAYER,
        requirements=tmp_path / "mine.txt",
        vendor=vendor,
    )
    packages = {package.partition(" ")[0].lower() for package in bundle.packages}
    assert packages >= {"numpy", "onnxruntime", "python_dateutil", "markupsafe", "understudy"}
    assert bundle.layer is not None
    with zipfile.ZipFile(bundle.layer.path) as archive:
        names = set(archive.namelist())
    assert {"python/dateutil/__init__.py", "python/markupsafe/__init__.py"} <= names
    assert "python/numpy/testing/__init__.pyc" in names or bundle.compiled_by is None
    assert not [name for name in names if "/bin/" in name or name.endswith("direct_url.json")]
    (tmp_path / "mine.txt").write_text("numpy<2\n")
    with pytest.raises(BuildError, match=r"requirements are unsatisfiable") as caught:
        building.build_bundle(output=tmp_path / "b.zip", requirements=tmp_path / "mine.txt")
    assert "the bundle has numpy 2" in caught.value.hint
    assert not (tmp_path / "b.zip").exists()
