"""What can be made of the files in the first stage's folder: a release, or a reason why not.

A folder may hold more than one model's files while a person replaces one by the other: then each
choice of them is tried, the likeliest first. The making of a release comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import IncompleteError, InputError, ReleaseError, UnderstudyError
from ..release.manifest import Manifest, Source
from ..release.repository import find_release
from ..store.port import Store
from .drop import choices, earlier_model
from .record import State


class Ahead(Protocol):
    """Is told how the making of a release goes on, so that its files can be on their way early.

    It may still come to nothing: the sources need not fit together, nor answer as they should.
    """

    def sources(self, sources: Sequence[Source]) -> None:
        """These are its sources, and lie in its folder."""

    def files(self, names: Sequence[str]) -> None:
        """These other files lie there, too, and will not change any more."""


class Nobody:
    """Needs nothing early."""

    def sources(self, sources: Sequence[Source]) -> None:
        """Do nothing."""

    def files(self, names: Sequence[str]) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A release that could be made.

    Attributes:
        id: of the release.
        build: makes it in a folder. It calls the second argument between the parts of its work;
            what that raises ends it. It tells the third how it goes on.
    """

    id: str
    build: Callable[[Path, Callable[[], None], Ahead], Manifest]


Propose = Callable[[Mapping[Path, str], Manifest | None], Sequence[Proposal]]
"""Says what can be made of files (path -> SHA-256), given what the stage serves: the likeliest
first.

Raises `InputError` when the files are not one model."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided; when admitted, as which release, and where it is, if it is a new one."""

    state: State
    message: str
    hint: str = ""
    manifest: Manifest | None = None
    staging: Path | None = None


def make_of(
    files: Mapping[str, str],
    folder: Path,
    *,
    store: Store,
    model: str,
    propose: Propose,
    served: Manifest | None,
    base: Sequence[Source],
    staging: Path,
    step: Callable[[], None],
    ahead: Callable[[str, Path], Ahead],
) -> Verdict:
    """Find or make the release that the files ask for.

    Args:
        files: name -> SHA-256.
        folder: where the files are.
        store: where a release may be already.
        model: whose.
        propose: says what can be made of files.
        served: what the stage serves.
        base: the sources that are no news in this folder.
        staging: an empty folder for what is made.
        step: is called now and then; what it raises ends the work.
        ahead: of the release with this id, which is made in this folder.
    """
    problems: list[UnderstudyError] = []
    for number, names in enumerate(choices(files, earlier_model(files, base))):
        try:
            proposals = propose({folder / name: files[name] for name in sorted(names)}, served)
        except InputError as error:  # these are not one model; fewer of them may be
            problems.append(error)
            continue
        found, refused = _build(store, model, proposals, staging / str(number), step, ahead)
        if found is not None:
            return found
        problems.append(refused[0])
        if number == 0 and not isinstance(refused[0], IncompleteError):
            break  # it is one model, and a bad one
    return _refusal(problems)


def _build(
    store: Store,
    model: str,
    proposals: Sequence[Proposal],
    staging: Path,
    step: Callable[[], None],
    ahead: Callable[[str, Path], Ahead],
) -> tuple[Verdict | None, list[UnderstudyError]]:
    """The first of the proposals that is there or can be made, or why there is none."""
    problems: list[UnderstudyError] = []
    for number, proposal in enumerate(proposals):
        manifest = find_release(store, model, proposal.id)
        if manifest is not None:
            return Verdict(State.ADMITTED, "", "", manifest), []
        made = staging / str(number)
        try:
            made.mkdir(parents=True)
            manifest = proposal.build(made, step, ahead(proposal.id, made))
            return Verdict(State.ADMITTED, "", "", manifest, made), []
        except (InputError, ReleaseError) as error:
            problems.append(error)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            problems.append(_bug(error))  # whoever watches has other models to look after
    return None, problems


def _bug(error: Exception) -> ReleaseError:
    return ReleaseError(
        f"understudy failed on these files ({type(error).__name__}: {error})",
        hint="this is a fault of understudy; please report it, with the files if you can",
    )


def _refusal(problems: Sequence[UnderstudyError]) -> Verdict:
    """Why nothing could be made: of the likeliest files that may be one model, if there are any."""
    problem = problems[min(1, len(problems) - 1)]
    details = "; ".join(getattr(problem, "problems", ()))
    what = f"{problem.what}: {details}" if details else problem.what
    waiting = isinstance(problem, IncompleteError)
    return Verdict(State.WAITING if waiting else State.REJECTED, what, problem.hint)
