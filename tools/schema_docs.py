"""Make docs/preprocess.schema.json from the tables of `preprocess.json`. A test compares them.

Run: .venv/bin/python tools/schema_docs.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from understudy.release.preprocess import (
    CHOICES,
    GAP_RANGE,
    KEYS,
    MAX_CHANNELS,
    MAX_MEAN,
    MAX_SHORTER_SIDE,
    MAX_SIDE,
    STD_RANGE,
    Bits,
)
from understudy.release.presets import PRESETS

TARGET = Path(__file__).resolve().parents[1] / "docs" / "preprocess.schema.json"

MEANINGS = {
    "preset": "what a well-known program does; the other keys win over it",
    "decode": "exact: every pixel; fast: the JPEG decoder shrinks large photographs",
    "color": "the channels and their order",
    "alpha": "what becomes of transparency: dropped, or seen in front of a colour",
    "bits": "of a grey image of 16 bits: rounded to 8, or kept with a fraction",
    "orientation": "exif: photographs are turned upright",
    "size": "[height, width] in pixels",
    "fit": "how the image's proportions become the tensor's",
    "shorter_side": "pixels to which center_crop resizes the shorter side first",
    "resize": "the library and the method",
    "reducing_gap": "of Pillow's Image.resize",
    "scale": "from 0..255 to the numbers that the model takes",
    "standardize": "after scale, by the image's own mean and standard deviation",
    "mean": "after scale, subtracted: a number for each channel, or one for all",
    "std": "then divided by: a number for each channel, or one for all",
}


def numbers(least: float, most: float) -> dict[str, Any]:
    """A number for each channel, or one for all."""
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_CHANNELS,
        "items": {"type": "number", "minimum": least, "maximum": most},
    }


def whole(most: int) -> dict[str, Any]:
    """A whole number, from 1."""
    return {"type": "integer", "minimum": 1, "maximum": most}


VALUES: dict[str, dict[str, Any]] = {
    "preset": {"enum": list(PRESETS)},
    "bits": {"enum": list(get_args(Bits))},
    "size": {"type": "array", "minItems": 2, "maxItems": 2, "items": whole(MAX_SIDE)},
    "shorter_side": whole(MAX_SHORTER_SIDE),
    "reducing_gap": {"type": "number", "minimum": GAP_RANGE[0], "maximum": GAP_RANGE[1]},
    "mean": numbers(-MAX_MEAN, MAX_MEAN),
    "std": numbers(*STD_RANGE),
}


def schema() -> dict[str, Any]:
    """What `parse` takes. Which keys go together depends on the model, and is not in it."""
    properties = {
        key: {
            "description": MEANINGS[key],
            **(VALUES[key] if key in VALUES else {"enum": list(CHOICES[key])}),
        }
        for key in KEYS
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "preprocess.json",
        "description": "How an image becomes the tensor that a model takes. Every key may be left "
        "out. Whole numbers are written without a fraction.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def document() -> str:
    """The text of docs/preprocess.schema.json."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(document())
