"""Make docs/formats.md from the table of formats and the golden models. A test compares them.

Run: .venv/bin/python tools/format_docs.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from understudy.keras.formats import Format
from understudy.keras.formats.archive import MAX_EXPANSION
from understudy.keras.formats.table import FORMATS, REFUSED

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "formats.md"
sys.path.insert(0, str(ROOT / "tests" / "golden"))

from golden_set import goldens  # noqa: E402

GOLDENS: dict[Format, tuple[tuple[str, ...], ...]] = {
    Format.JSON_H5: (
        ("architecture.json", "weights.h5"),
        ("architecture.json", "model.weights.h5"),
    ),
    Format.YAML_H5: (("architecture.yaml", "weights.h5"),),
    Format.JSON_SHARDS: (("sharded.zip",),),
    Format.H5: (("model.h5",), ("converted_keras.zip",)),
    Format.KERAS: (("model.keras",),),
    Format.TFJS: (("tfjs.zip",),),
}
"""Format -> the files of a golden model that are in it."""


def document() -> str:
    """The text of docs/formats.md."""
    parts = [
        "# Formats\n",
        "Made by `tools/format_docs.py` from the table in `keras/formats/table.py`.\n",
        "What a file is, its bytes tell, never its name: an HDF5 file may be called `.keras`.\n"
        "Give the files in any order, or the folder or the zip that holds them.\n",
    ]
    for kind, entry in FORMATS.items():
        parts.append(f"## {entry.name[:1].upper()}{entry.name[1:]}\n")
        parts.append(
            f"- Files: {entry.files}.\n- Written by: {entry.writers}.\n- Tested: {_tested(kind)}.\n"
        )
    parts.append("## Keras 1\n")
    parts.append(
        "Its files do not say what it ran on, and Theano turns kernels round. The names of the\n"
        "weights tell: TensorFlow's end in `:0`. What was taken is among the notes of `inspect`;\n"
        "`--backend tensorflow` or `--backend theano` says otherwise.\n"
    )
    parts.append("## Keras 3\n")
    parts.append(
        "Only HDF5 files say what it ran on. From 3.7 on, TensorFlow adds a bias along another\n"
        "axis than JAX and PyTorch where two axes are equally long, mostly in models with the\n"
        "channels first. There, `--backend` is needed: `jax`, `torch`, or `tensorflow`; but of\n"
        "plain convolutions Keras on TensorFlow gives two answers, and they are refused.\n"
    )
    parts.append("## Refused, with a reason\n")
    parts += [f"- {what}." for what in REFUSED]
    parts.append(
        f"- Zips whose members expand more than {MAX_EXPANSION} times, are encrypted, are links, "
        "lead outside, or are there twice.\n"
    )
    return "\n".join(parts)


def _tested(kind: Format) -> str:
    """How a format is tested: against files and predictions of which versions."""
    found = {
        golden.version.partition("+")[0]
        for golden in goldens()
        if any(set(form) <= set(golden.files) for form in GOLDENS.get(kind, ()))
    }
    if not found:
        return "with models made for the tests"
    return f"files and predictions of {', '.join(sorted(found))}"


if __name__ == "__main__":
    TARGET.write_text(document())
