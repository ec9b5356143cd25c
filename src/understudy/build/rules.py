"""What is left out of a bundle: a table of rules, each with why this is safe.

A path is left out by the first rule with a pattern that it matches. In a pattern `*` stands for
anything, slashes too. Licences stay: a bundle hands these packages on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from ..release.manifest import ONNX
from .contents import Contents


class When(StrEnum):
    """On what a rule depends, besides the path."""

    ALWAYS = "always"
    UNUSED = "unused"
    """Only native libraries that no native file that stays links or names: seen in each build."""
    COMPILED = "compiled"
    """Only sources whose bytecode is in the bundle."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: what it leaves out.
        why: why nothing misses it.
        patterns: the paths.
        when: on what else it depends.
        alone: whether it holds only where no packages are but those that compiled models need: a
            person's own, and Keras', could miss what goes.
    """

    name: str
    why: str
    patterns: tuple[str, ...]
    when: When = When.ALWAYS
    alone: bool = False

    def matches(self, path: str) -> bool:
        """Whether it is about this path."""
        return any(fnmatchcase(path, pattern) for pattern in self.patterns)


RULES: tuple[Rule, ...] = (
    Rule(
        "second copy of onnxruntime",
        "for programs in C; the Python binding has its own copy inside",
        ("onnxruntime/capi/libonnxruntime.so*",),
        When.UNUSED,
    ),
    Rule(
        "onnxruntime's tools",
        "they convert, train and quantise models; opening and running one imports none of them",
        (
            "onnxruntime/backend/*",
            "onnxruntime/datasets/*",
            "onnxruntime/quantization/*",
            "onnxruntime/tools/*",
            "onnxruntime/training/*",
            "onnxruntime/transformers/*",
        ),
        alone=True,
    ),
    Rule(
        "Pillow's unused extensions",
        "AVIF, fonts, colour profiles, Tk windows, image arithmetic: no step from a JPEG, PNG,"
        " WebP, TIFF, BMP or GIF to a tensor uses them",
        (
            "PIL/_avif.*",
            "PIL/_imagingcms.*",
            "PIL/_imagingft.*",
            "PIL/_imagingmath.*",
            "PIL/_imagingmorph.*",
            "PIL/_imagingtk.*",
        ),
        alone=True,
    ),
    Rule(
        "libraries that are not linked",
        "no native file that stays links or names them",
        ("*.libs/*.so*",),
        When.UNUSED,
    ),
    Rule(
        "tests",
        "only test programs import them",
        ("*/tests/*", "numpy/testing/*", "numpy/conftest.py", "numpy/_core/*_tests.*.so"),
        alone=True,
    ),
    Rule(
        "SciPy's tests",
        "only test programs import them; SciPy is in the bundle with Keras",
        ("scipy/*/tests/*",),
    ),
    Rule(
        "NumPy's builders",
        "f2py, headers and static libraries build other packages; `_simd` tests NumPy itself",
        (
            "numpy/f2py/*",
            "numpy/_pyinstaller/*",
            "numpy/_core/_simd.*",
            "numpy/_core/lib/*",
            "*.a",
            "*.c",
            "*.h",
            "*.pxd",
            "*.pyx",
        ),
        alone=True,
    ),
    Rule(
        "ONNX's test programs",
        "they run and compare whole backends; making and checking a graph imports none of them",
        ("onnx/backend/*", "onnx/reference/*", "onnx/bin/*", "onnx/*.cc", "onnx/*.proto*"),
        alone=True,
    ),
    Rule("type stubs", "only type checkers read them", ("*.pyi", "*/py.typed")),
    Rule(
        "installers' records",
        "only pip and uv read them; METADATA and licences stay",
        (
            "*.dist-info/RECORD",
            "*.dist-info/WHEEL",
            "*.dist-info/INSTALLER",
            "*.dist-info/REQUESTED",
            "*.dist-info/entry_points.txt",
            "*.dist-info/top_level.txt",
            "*.dist-info/sboms/*",
            "*.dist-info/uv_*.json",
            "bin/*",
            ".lock",
        ),
    ),
    Rule(
        "sources that are compiled",
        "Python runs the bytecode in their place; understudy's own stay, for readable tracebacks",
        ("*.py",),
        When.COMPILED,
    ),
)


def rules_for(contents: Contents) -> tuple[Rule, ...]:
    """The rules that hold in a bundle, if a person adds nothing."""
    return tuple(rule for rule in RULES if contents.engine == ONNX or not rule.alone)
