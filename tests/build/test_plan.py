"""What stays in a bundle: a table of files and verdicts, without any file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.build.contents import KERAS, SERVING
from understudy.build.elf import Native
from understudy.build.plan import Found, plan
from understudy.build.rules import RULES, rules_for
from understudy.build.target import Arch


def native(path: str, *needed: str, named: tuple[str, ...] = ()) -> Found:
    soname = path.rpartition("/")[2]
    links = Native(Arch.X86_64, frozenset(needed), soname, frozenset(named))
    return Found(path, "a 1", links)


def left_out(files: list[Found], compiled: frozenset[str] = frozenset()) -> dict[str, str]:
    """The rule of each path that is left out."""
    found = plan(files, compiled)
    return {file.path: rule for rule, files in found.dropped.items() for file in files}


STAYS = (
    "onnxruntime/__init__.py",
    "onnxruntime/LICENSE",
    "onnxruntime/capi/onnxruntime_inference_collection.py",
    "onnxruntime/capi/onnxruntime_pybind11_state.cpython-313-x86_64-linux-gnu.so",
    "numpy/typing/__init__.py",
    "numpy/_pytesttester.py",
    "numpy/random/_generator.cpython-313-x86_64-linux-gnu.so",
    "numpy-2.5.5.dist-info/METADATA",
    "numpy-2.5.5.dist-info/licenses/LICENSE.txt",
    "PIL/_webp.cpython-313-x86_64-linux-gnu.so",
    "PIL/_imaging.cpython-313-x86_64-linux-gnu.so",
    "PIL/TiffImagePlugin.py",
    "understudy/serve/selftest.py",
)

GOES = {
    "onnxruntime/transformers/optimizer.py": "onnxruntime's tools",
    "PIL/_avif.cpython-313-x86_64-linux-gnu.so": "Pillow's unused extensions",
    "numpy/linalg/tests/test_linalg.py": "tests",
    "numpy/_core/_rational_tests.cpython-313-x86_64-linux-gnu.so": "tests",
    "numpy/_core/include/numpy/arrayobject.h": "NumPy's builders",
    "numpy/f2py/src/fortranobject.c": "NumPy's builders",
    "obstore/__init__.pyi": "type stubs",
    "numpy-2.5.5.dist-info/RECORD": "installers' records",
    "bin/f2py": "installers' records",
}


@pytest.mark.parametrize("path", STAYS)
def test_stays(path: str) -> None:
    assert left_out([Found(path, "a 1")]) == {}


@pytest.mark.parametrize("path", GOES)
def test_goes(path: str) -> None:
    assert left_out([Found(path, "a 1")]) == {path: GOES[path]}


COPY = "onnxruntime/capi/libonnxruntime.so.1.31.1"


def test_the_copy_goes_as_long_as_nothing_links_it() -> None:
    assert left_out([native(COPY), native("onnxruntime/capi/binding.so", "libc.so.6")]) == {
        COPY: "second copy of onnxruntime"
    }


@pytest.mark.parametrize(
    "binding",
    [
        native("onnxruntime/capi/binding.so", "libonnxruntime.so.1.31.1"),
        native("onnxruntime/capi/binding.so", named=("libonnxruntime.so",)),
    ],
    ids=["linked", "named"],
)
def test_the_copy_stays_when_the_binding_needs_it(binding: Found) -> None:
    assert left_out([native(COPY), binding]) == {}


def test_libraries_stay_with_what_links_them_and_go_with_it() -> None:
    avif, tiff = (
        native("PIL/_avif.x.so", "libavif.so.16"),
        native("PIL/_imaging.x.so", "libtiff.so"),
    )
    libraries = [
        native("pillow.libs/libz.so"),
        native("pillow.libs/libavif.so.16", "libdav1d.so", "libz.so"),
        native("pillow.libs/libdav1d.so"),
        native("pillow.libs/libtiff.so", "libz.so"),
    ]
    assert left_out([avif, tiff, *libraries]) == {
        "PIL/_avif.x.so": "Pillow's unused extensions",
        "pillow.libs/libavif.so.16": "libraries that are not linked",
        "pillow.libs/libdav1d.so": "libraries that are not linked",
    }


def test_a_source_goes_only_when_it_is_compiled() -> None:
    files = [Found("a/b.py", "a 1"), Found("a/c.py", "a 1"), Found("a/b.pyc", "a 1")]
    assert left_out(files, frozenset({"a/b.py"})) == {"a/b.py": "sources that are compiled"}


ADDED = (
    "pandas/tests/__init__.py",
    "skimage/__init__.pyi",
    "cv2/setup.py",
    "b-1.dist-info/entry_points.txt",
)


@pytest.mark.parametrize("path", ADDED)
def test_what_a_person_added_stays_whole(path: str) -> None:
    compiled = frozenset({path})
    assert left_out([Found(path, "b 1", added=True)], compiled) == {}
    assert left_out([Found(path, "b 1")], compiled) != {}


def test_what_added_packages_may_import_of_ours_stays() -> None:
    ours = [Found(path, "a 1") for path in GOES]
    assert set(left_out([*ours, Found("b.py", "b 1", added=True)])) == {
        *("obstore/__init__.pyi", "numpy-2.5.5.dist-info/RECORD", "bin/f2py")
    }


def test_a_library_that_an_added_file_links_stays() -> None:
    added = replace(native("b/_b.so", "libonnxruntime.so.1.31.1"), added=True)
    assert left_out([native(COPY), added]) == {}


def test_all_is_in_order_and_nothing_is_lost() -> None:
    files = [Found(path, "a 1") for path in (*STAYS, *GOES)]
    found = plan(files)
    assert [file.path for file in found.kept] == sorted(STAYS)
    assert list(found.dropped) == [rule.name for rule in RULES]
    assert sum(map(len, found.dropped.values())) == len(GOES)


def test_rules_have_names_of_their_own_and_reasons() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.why and rule.patterns for rule in RULES)


def test_what_keras_could_import_stays() -> None:
    paths = ("numpy/testing/__init__.py", "numpy/f2py/a.py", "scipy/linalg/tests/test_a.py")
    done = plan([Found(path, "x") for path in paths], rules=rules_for(KERAS))
    assert [file.path for file in done.kept] == ["numpy/f2py/a.py", "numpy/testing/__init__.py"]
    assert rules_for(SERVING) == RULES
