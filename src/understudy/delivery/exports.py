"""What was done with images in training, where nobody says it but the model's maker tells.

Teachable Machine takes the middle square of an image, and scales its pixels to -1..1. Its snippet
for Keras resizes with `PIL.ImageOps.fit(image, size, LANCZOS)`; its library for TensorFlow.js lets
the browser resize, which Pillow's bilinear filter comes near to (snippets `keras.md`; library
`image/src/utils/canvas.ts` and `tf.ts`, which divides by 127 where the snippet divides by 127.5).
A model of `keras.applications`, alone or at the beginning of another, takes what its module's
`preprocess_input` makes; how images are resized, it does not tell.
All of it is assumed, and recorded as such: a `preprocess.json` wins, key by key.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..files import map_file
from ..keras import Origin
from ..keras.formats import Format, Part
from ..keras.teachable import TEACHABLE_MACHINE
from ..release.identity import Role
from ..release.preprocess import Preprocess
from ..release.presets import APPLICATIONS, PRESETS
from ..release.resolve import Resolved
from .sources import Sources

NOTE = (
    "this is an export of Teachable Machine: it is assumed that images are cropped to the middle "
    "square and scaled to -1..1, as it does"
)
_PACKAGE = "@teachablemachine/image"
_KERAS_FILE = "keras_model.h5"
_NUMBERED = re.compile(rb"(\xef\xbb\xbf)?0 [^\r\n]+(\r?\n[0-9]+ [^\r\n]+)*\s*")


def is_teachable(sources: Sources, origin: Origin) -> bool:
    """Whether Teachable Machine made the model: its architecture, metadata or names tell."""
    if origin.maker == TEACHABLE_MACHINE:
        return True
    metadata = sources.model.documents.get(sources.model.parts.get(Part.METADATA, ""))
    if isinstance(metadata, dict) and metadata.get("packageName") == _PACKAGE:
        return True
    return _is_named_so(sources)


def usual_preprocess(sources: Sources, origin: Origin, family: str | None = None) -> Preprocess:
    """What the model's maker does with images; says nothing where the maker is not known.

    Args:
        sources: the model's files.
        origin: what wrote them.
        family: the module of keras.applications that the model is made with.
    """
    if is_teachable(sources, origin):
        usual = PRESETS["teachable-machine"]
        in_browser = sources.model.format is Format.TFJS
        return replace(usual, resize="pillow/bilinear") if in_browser else usual
    return Preprocess() if family is None else Preprocess(scale=APPLICATIONS[family][0])


def family_notes(how: Resolved, family: str | None) -> tuple[str, ...]:
    """What to say of a scale that is assumed for a family's sake."""
    if family is None or "scale" not in how.assumed or how.scale != APPLICATIONS[family][0]:
        return ()
    return (
        f"it is made with a model of keras.applications.{family}: it is assumed that images are "
        "scaled as that module's preprocess_input does",
    )


def _is_named_so(sources: Sources) -> bool:
    """Whether it is `keras_model.h5` with a `labels.txt` that numbers the classes."""
    model = sources.model.parts.get(Part.MODEL, "")
    if re.split("[:/\\\\]", model)[-1].lower() != _KERAS_FILE:
        return False
    path = sources.path(Role.LABELS)
    written = sources.model.labels_text if path is None else map_file(path)
    return written is not None and _NUMBERED.fullmatch(bytes(written)) is not None
