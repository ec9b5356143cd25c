"""What Keras' errors say, without what they tell around it."""

from __future__ import annotations

MAX_LETTERS = 300
"""An error of Keras' may go on for pages."""


def short(error: Exception) -> str:
    """One line: around the reason Keras prints the model, with all its options."""
    inner = str(error).rpartition("Exception encountered: ")[2]
    text = " ".join(inner.split()) or type(error).__name__
    return text if len(text) <= MAX_LETTERS else f"{text[:MAX_LETTERS]} …"
