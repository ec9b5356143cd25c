"""What happens to a stage while it is served, as values: a log or a page makes words of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ...errors import UnderstudyError
from ...release.identity import short_id


class Kind(StrEnum):
    """What happened."""

    SERVING = "serving"
    """A release was swapped in."""
    REFUSED = "refused"
    """A release could not be loaded; what was served is still served."""
    LOST = "lost"
    """The pointer cannot be read."""
    FOUND = "found"
    """It can be read again."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, told once.

    Attributes:
        kind: what.
        model: whose.
        stage: which one's.
        release: that was swapped in or refused.
        serving: the release that answers now; None when there is none.
        error: why, where something went wrong.
    """

    kind: Kind
    model: str
    stage: str
    release: str | None = None
    serving: str | None = None
    error: Exception | None = None

    def __str__(self) -> str:
        """One line for a log."""
        where = f"{self.stage} of {self.model}"
        on = f"; {short_id(self.serving)} goes on" if self.serving else ""
        match self.kind:
            case Kind.SERVING:
                return f"{where} serves {short_id(str(self.release))}"
            case Kind.REFUSED:
                return f"{where} cannot serve {short_id(str(self.release))}: {self._why()}{on}"
            case Kind.LOST:
                return f"what {where} shall serve is not known: {self._why()}{on}"
            case Kind.FOUND:
                return f"what {where} shall serve is known again"

    def _why(self) -> str:
        error = self.error
        return error.what if isinstance(error, UnderstudyError) else repr(error)
