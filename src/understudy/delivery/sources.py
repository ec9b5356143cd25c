"""Which of the given files is what: a person's files become sources with roles.

The files of the model are told apart by their bytes; only labels.txt, preprocess.json and
goldens.npz go by their names. A folder stands for the files in it. Nothing is interpreted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..files import Buffer, map_file
from ..keras.formats import FileSet, Format, Part, may_belong, recognise
from ..keras.formats.fileset import HINT
from ..release.identity import Role
from ..release.labels import parse_labels
from ..release.layout import SOURCE_NAMES, source_name
from ..release.staging import Given

BY_NAME = {
    "labels.txt": Role.LABELS,
    "preprocess.json": Role.PREPROCESS,
    "goldens.npz": Role.GOLDENS,
}
_SUFFIXES = {Role.LABELS: ".txt", Role.PREPROCESS: ".json", Role.GOLDENS: ".npz"}
NOT_SOURCES = frozenset({"status.json"})
"""Files of ours in a stage folder."""

_ROLES = {
    Part.ARCHITECTURE: Role.ARCHITECTURE,
    Part.WEIGHTS: Role.WEIGHTS,
    Part.MODEL: Role.MODEL,
    Part.METADATA: Role.METADATA,
}
_MODEL_SUFFIXES = {
    Format.H5: ".h5",
    Format.KERAS: ".keras",
    Format.TFJS: ".json",
    Format.ONNX: ".onnx",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of one release, by what they are to it.

    Attributes:
        given: every file; each role once, but for shards.
        model: the files that describe the model, mapped into memory.
    """

    given: tuple[Given, ...]
    model: FileSet

    @property
    def weightless(self) -> bool:
        """Whether the model is an architecture alone."""
        return not {Part.WEIGHTS, Part.MODEL} & set(self.model.parts)

    def path(self, role: Role) -> Path | None:
        """Where the file of a role lies, or None if there is none."""
        return next((given.path for given in self.given if given.role is role), None)

    def content(self, role: Role) -> Buffer | None:
        """A file's content, or None if there is none of this role."""
        path = self.path(role)
        return None if path is None else map_file(path)

    def labels(self) -> tuple[str, tuple[str, ...]] | None:
        """The classes' names, and which file says them; one that was given wins over an export's.

        Raises:
            InputError: the file is no list of labels.
        """
        path = self.path(Role.LABELS)
        if path is not None:
            return path.name, parse_labels(map_file(path), path.name)
        if self.model.labels_text is not None:
            name = f"{self.model.packed}:labels.txt"
            return name, parse_labels(self.model.labels_text, name)
        if self.model.labels:
            return self.model.parts[Part.METADATA], self.model.labels
        return None


def find_sources(
    given: Sequence[Path],
    extra: Mapping[Role, Path | None] | None = None,
    *,
    weightless: bool = False,
) -> Sources:
    """Find out what the given files are.

    Args:
        given: files, or one folder that holds them.
        extra: files whose role was said; they win over what a folder holds.
        weightless: an architecture alone will do.

    Raises:
        InputError: a file is missing, no model is among them, or more than one.
    """
    named: dict[Role, Path] = {}
    candidates: list[Path] = []
    for path in given:
        for file in _files(path):
            role = BY_NAME.get(file.name)
            if role is None:
                candidates.append(file)
            elif role in named:
                raise InputError(f"there are two {file.name}", hint="give one of them")
            else:
                named[role] = file
    for role, said in (extra or {}).items():
        if said is not None:
            map_file(said)  # says at once if it is missing
            named[role] = said
    others = [Given(role, source_name(role, _SUFFIXES[role]), path) for role, path in named.items()]
    model, found = _model(candidates, weightless)
    return Sources((*model, *others), found)


def _files(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.iterdir()
        if file.is_file()
        and not file.name.startswith(".")
        and file.name not in NOT_SOURCES
        and (file.name in BY_NAME or may_belong(file.name))
    )
    if not found:
        saved = (path / "saved_model.pb").is_file()
        what = "is a TensorFlow SavedModel, from which the layers are gone" if saved else ""
        raise InputError(f"the folder {path} {what or 'holds no model'}", hint=HINT)
    return found


def _model(candidates: Sequence[Path], weightless: bool) -> tuple[list[Given], FileSet]:
    """The model's files with their roles."""
    bases = [path.name for path in candidates]
    names = [p.name if bases.count(p.name) == 1 else str(p) for p in candidates]
    paths = dict(zip(names, candidates, strict=True))
    contents = {name: map_file(path) for name, path in paths.items()}
    found = recognise(contents, weightless=weightless)
    if found.packed is not None:
        return [Given(Role.MODEL, source_name(Role.MODEL, ".zip"), candidates[0])], found
    suffixes = {
        Part.ARCHITECTURE: ".yaml" if found.format is Format.YAML_H5 else ".json",
        Part.WEIGHTS: ".json" if found.format is Format.JSON_SHARDS else ".h5",
        Part.MODEL: _MODEL_SUFFIXES.get(found.format, ""),
        Part.METADATA: ".json",
    }
    given = [
        Given(_ROLES[part], source_name(_ROLES[part], suffixes[part]), paths[name])
        for part, name in found.parts.items()
    ]
    for said, name in found.shards.items():
        if said in SOURCE_NAMES or said in NOT_SOURCES:
            raise InputError(
                f"a file with weights cannot be called {said}: that name has another purpose",
                hint="save the model again, with weights under the names that Keras gives",
            )
        given.append(Given(Role.SHARD, said, paths[name]))
    return given, found
