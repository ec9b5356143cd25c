"""Errors a person can act on.

Every error of ours says *what* is wrong in one line, carries its data as attributes where a
program may want it, and ends with a `hint:` that says what to do. Errors of other libraries are
wrapped where they enter; anything else that escapes is a bug of ours.
"""

from __future__ import annotations

MAX_LINE = 2_000


def _line(text: str) -> str:
    """The text as one line that can be printed: names in it come from strangers' files."""
    shown = "".join(c if c.isprintable() else " " for c in text[:MAX_LINE])
    return shown if len(text) <= MAX_LINE else f"{shown} …"


class UnderstudyError(Exception):
    """The base of all our errors: one line of what and why, and a hint of what to do.

    Attributes:
        what: one line, plain words, without a full stop.
        hint: what the person can do now; never empty.
    """

    def __init__(self, what: str, *, hint: str) -> None:
        super().__init__(_line(what))
        self.what = _line(what)
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}\nhint: {self.hint}"


class InputError(UnderstudyError):
    """A file or a value that was given cannot be used."""


class ModelFileError(InputError):
    """A model's files cannot be read: no such format, damaged, or not a Keras model."""


class ProblemsError(InputError):
    """Several things are wrong at once.

    Attributes:
        problems: one line each; all that were found, not only the first. Empty if `what` says it.
    """

    def __init__(self, what: str, *, hint: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(what, hint=hint)
        self.problems = tuple(map(_line, problems))

    def __str__(self) -> str:
        listed = "".join(f"\n  - {problem}" for problem in self.problems)
        return f"{self.what}{listed}\nhint: {self.hint}"


class IncompleteError(ModelFileError):
    """A part of a model is there and others are missing, which may still come."""


class UnsupportedError(ProblemsError):
    """The model uses things that cannot be compiled."""


class WeightsError(ProblemsError):
    """The weights do not fit the architecture, or hold values that are no numbers."""


class ImageError(InputError):
    """An image cannot be decoded or is refused."""


class PreprocessError(InputError):
    """A `preprocess.json` is not valid, or does not fit the model."""


class StoreError(UnderstudyError):
    """The store cannot be read or written."""


class NotFoundError(StoreError):
    """The store has no such model, stage, release or object."""


class TooLargeError(StoreError):
    """An object is larger than what is read at once."""


class ConflictError(StoreError):
    """Somebody else changed the same thing at the same time; nothing was lost."""


class ReleaseError(UnderstudyError):
    """A release is damaged, or failed its self-test."""


class BuildError(ProblemsError):
    """A bundle for a function cannot be built, is too large, or does not work."""


class DeployError(ProblemsError):
    """Something in an AWS account cannot be read or changed."""
