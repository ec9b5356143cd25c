"""Make docs/layers.md from the table of layers and from the goldens. A test compares the two.

Run: .venv/bin/python tools/layer_docs.py
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import defaultdict
from pathlib import Path

from understudy.compiler.layers.activations import FUNCTIONS
from understudy.compiler.lowering import INPUT_KIND
from understudy.compiler.registry import REGISTRY, Entry
from understudy.keras.spellings import CELL_LAYERS, CLASSES, WRAPPERS

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "layers.md"

sys.path.insert(0, str(ROOT / "tests" / "golden"))

from golden_set import Golden, goldens  # noqa: E402 its folder is no package

HEAD = """# Layers

Made by `tools/layer_docs.py` from the table of layers and the golden models.

Every layer class that can be compiled, by its newest name; older names are in the last section.
An option that is not listed is refused, unless it is one that matters in training alone.
*Tested with* names the versions of Keras whose own files and predictions the tests compare with
(`tests/golden/`), to within 1e-4, or 5e-3 for layers that compute in float16 or bfloat16.
Where no version is named, the layer is tested by itself, or only inside others.
"""


def document() -> str:
    """The text of docs/layers.md."""
    tested = _tested()
    families: dict[str, list[Entry]] = defaultdict(list)
    for entry in REGISTRY.values():
        families[entry.lower.__module__].append(entry)
    parts = [HEAD]
    for module in sorted(families):
        family = module.rpartition(".")[2]
        about = (importlib.import_module(module).__doc__ or "").strip().partition("\n\n")[0]
        parts.append(f"## {family.replace('_', ' ').capitalize()}\n")
        parts.append(f"{_one_line(about)}\n")
        parts.append("| layer | options | tested with |\n|---|---|---|")
        for entry in sorted(families[module], key=lambda entry: entry.kind):
            versions = ", ".join(_in_order(tested.get(entry.kind, set())))
            parts[-1] += f"\n| `{entry.kind}` | {_options(entry)} | {versions} |"
        parts[-1] += "\n"
    parts.append("## Layers around others\n")
    parts.append(
        "These are compiled as the layers in them are; `TimeToBatch` and `BatchToTime` are what "
        "a `TimeDistributed` adds.\n"
    )
    parts.append("| layer | holds | tested with |\n|---|---|---|")
    around = {"RNN": CELL_LAYERS, **dict.fromkeys(sorted(WRAPPERS), ("any layer",))}
    for kind, held in around.items():
        versions = ", ".join(_in_order(tested.get(kind, set())))
        inside = ", ".join(f"`{name}`" if name[0].isupper() else name for name in held)
        parts[-1] += f"\n| `{kind}` | {inside} | {versions} |"
    parts[-1] += "\n"
    parts.append("## Activation functions\n")
    parts.append(", ".join(f"`{name}`" for name in sorted(FUNCTIONS)) + "\n")
    parts.append("## Older names\n")
    parts.append("| written | is |\n|---|---|")
    for old, new in sorted(CLASSES.items()):
        parts[-1] += f"\n| `{old}` | `{new}` |"
    return "\n".join(parts) + "\n"


def _options(entry: Entry) -> str:
    if entry.any_option:
        return "any"
    names = sorted({*entry.options, *entry.tensors})
    return ", ".join(f"`{name}`" for name in names)


def _tested() -> dict[str, set[str]]:
    """Class by its newest name -> the versions with a golden that has such a layer."""
    tested: dict[str, set[str]] = defaultdict(set)
    for golden in goldens():
        version = golden.version.partition("+")[0]
        for written in _classes(golden):
            kind = CLASSES.get(written, written)
            if kind != INPUT_KIND:
                tested[kind].add(version)
    return tested


def _classes(golden: Golden) -> set[str]:
    """The layer classes of a golden: those that its maker noted, and those in its architecture."""
    found = set(golden.manifest.get("layers", ()))
    if "architecture.json" in golden.files:
        waiting = [json.loads(golden.read("architecture.json"))]
        while waiting:
            part = waiting.pop()
            if isinstance(part, dict):
                found.add(str(part.get("class_name")))
                waiting.extend(part.values())
            elif isinstance(part, list):
                waiting.extend(part)
    return found


def _in_order(versions: set[str]) -> list[str]:
    """By family, then by number: `keras-2.0.6` before `keras-2.0.10`."""

    def key(version: str) -> tuple[str, list[int], str]:
        family, _, rest = version.partition("-")
        number, _, backend = rest.partition("-")
        return family, [int(part) for part in number.split(".")], backend

    return sorted(versions, key=key)


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
