"""Which of the given files is what: a person's files become sources with roles.

Files are told apart by their bytes; only labels.txt, preprocess.json and goldens.npz go by their
names. A folder stands for the files in it. Nothing is interpreted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..files import Buffer, map_file
from ..keras.raw import kind_of
from ..release.identity import Role

BY_NAME = {
    "labels.txt": Role.LABELS,
    "preprocess.json": Role.PREPROCESS,
    "goldens.npz": Role.GOLDENS,
}
MODEL_SUFFIXES = frozenset({".json", ".h5", ".hdf5", ".keras"})
NOT_SOURCES = frozenset({"status.json"})
"""Files of ours in a stage folder."""

HINT = "give an architecture (.json) and its weights (.h5), or one whole model (.keras, .h5)"


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of one release, by what they are to it."""

    paths: Mapping[Role, Path]

    def model_files(self) -> dict[str, Buffer]:
        """The files that describe the model, by name, mapped into memory."""
        roles = (Role.ARCHITECTURE, Role.WEIGHTS, Role.MODEL)
        found = [self.paths[role] for role in roles if role in self.paths]
        names = [path.name for path in found]
        if len(set(names)) < len(names):
            return {str(path): map_file(path) for path in found}
        return {path.name: map_file(path) for path in found}

    def content(self, role: Role) -> Buffer | None:
        """A file's content, or None if there is none of this role."""
        path = self.paths.get(role)
        return None if path is None else map_file(path)


def find_sources(given: Sequence[Path], extra: Mapping[Role, Path | None] | None = None) -> Sources:
    """Find out what the given files are.

    Args:
        given: files, or one folder that holds them.
        extra: files whose role was said; they win over what a folder holds.

    Raises:
        InputError: a file is missing, no model is among them, or more than one.
    """
    paths: dict[Role, Path] = {}
    candidates: list[Path] = []
    for path in given:
        for file in _files(path):
            role = BY_NAME.get(file.name)
            if role is None:
                candidates.append(file)
            elif role in paths:
                raise InputError(f"there are two {file.name}", hint="give one of them")
            else:
                paths[role] = file
    for role, said in (extra or {}).items():
        if said is not None:
            map_file(said)  # says at once if it is missing
            paths[role] = said
    return Sources(paths | _model_roles(candidates))


def _files(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.iterdir()
        if file.is_file()
        and not file.name.startswith(".")
        and file.name not in NOT_SOURCES
        and (file.name in BY_NAME or file.suffix.lower() in MODEL_SUFFIXES)
    )
    if not found:
        raise InputError(f"the folder {path} holds no model", hint=HINT)
    return found


def _model_roles(candidates: Sequence[Path]) -> dict[Role, Path]:
    kinds = [(kind_of(path.name, map_file(path)), path) for path in candidates]
    if not kinds:
        raise InputError("no model is among these files", hint=HINT)
    found = {kind: [path for k, path in kinds if k == kind] for kind, _ in kinds}
    if len(kinds) == 1:
        kind, path = kinds[0]
        if kind == "json":
            raise InputError(f"{path.name} is an architecture, its weights are missing", hint=HINT)
        return {Role.MODEL: path}
    if len(kinds) == 2 and set(found) == {"json", "hdf5"}:
        return {Role.ARCHITECTURE: found["json"][0], Role.WEIGHTS: found["hdf5"][0]}
    listed = ", ".join(path.name for path in candidates)
    raise InputError(f"these files are not one model: {listed}", hint=HINT)
