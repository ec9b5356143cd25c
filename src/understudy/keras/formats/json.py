"""JSON of a bounded size and depth: architectures, metadata, manifests of weights."""

from __future__ import annotations

import codecs
import json
from typing import Any

from ...errors import ModelFileError
from ...files import Buffer

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What a file in UTF-16 begins with."""

MAX_BYTES = 256 << 20
MAX_DEPTH = 128
"""Twice what models in models in models need; what walks the values calls itself as deeply."""


def parse_json(data: Buffer, name: str) -> Any:
    """Parse JSON.

    Raises:
        ModelFileError: not JSON, too large, nested too deeply, or with text that is no Unicode.
    """
    if len(data) > MAX_BYTES:
        raise ModelFileError(
            f"{name} is {len(data):,} bytes long, too much for an architecture",
            hint="give the file that model.to_json() made",
        )
    try:
        content = bytes(data)
        text = content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
        document = json.loads(text)
        if "\\ud" in text.lower():  # the one way to a lone surrogate, which is no text
            json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        raise _too_deep(name) from None
    except UnicodeDecodeError:
        raise ModelFileError(
            f"{name} is not JSON: it is not text",
            hint="give the file that model.to_json() made, or a whole model (.keras, .h5)",
        ) from None
    except ValueError as error:
        said = str(error)
        raise ModelFileError(
            f"{name} is not JSON: {said[:1].lower()}{said[1:]}",
            hint="give the file that model.to_json() made, saved as text",
        ) from None
    if _depth(document) > MAX_DEPTH:
        raise _too_deep(name)
    return document


def _too_deep(name: str) -> ModelFileError:
    return ModelFileError(
        f"{name} is nested too deeply", hint="give the file that model.to_json() made"
    )


def _depth(document: Any) -> int:
    """How deep lists and dicts are nested, up to one more than is allowed."""
    level: list[Any] = [[document]]
    depth = 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            member
            for value in level
            for member in (value.values() if isinstance(value, dict) else value)
            if isinstance(member, (dict, list)) and member
        ]
    return depth
