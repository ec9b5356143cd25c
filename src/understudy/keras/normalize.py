"""The second step: RawModel -> Model. All version knowledge is applied here.

Classes, options and weights get their newest names from the tables in `spellings`, nested models
are expanded into one flat graph, and every layer gets its tensors. What a layer computes is not
known here: an unknown class passes through, and the compiler refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ModelFileError
from .architecture import parse_architecture
from .dialect import Dialect
from .expansion import Expansion
from .implied import Version, doubts
from .keras1 import modern as modernise
from .model import Model, Tensor
from .owner import Assignment, Owner, Path
from .raw import RawModel
from .teachable import TEACHABLE_MACHINE, is_teachable
from .weights import assign


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from, as far as its files say.

    Attributes:
        format: a value of `formats.Format`; `json` or `yaml` for an architecture alone.
        keras_version: e.g. `2.0.6`, `2.4.0-tf`, `3.15.1`; None if no file says.
        backend: e.g. `tensorflow`; None if no file says.
        maker: what made the model, if not a person with Keras: `Teachable Machine`.
    """

    format: str
    keras_version: str | None
    backend: str | None
    maker: str | None = None


def normalize(raw: RawModel, *, backend: str | None = None) -> tuple[Model, Origin]:
    """The canonical model that the files describe.

    Args:
        raw: as `read` gives it.
        backend: `tensorflow`, `theano`, `jax` or `torch`, if a person says what Keras ran on.

    Raises:
        ModelFileError: the architecture makes no sense.
        WeightsError: the weights are not those of the architecture.
    """
    modern = modernise(raw, backend)
    stored = tuple(s for tensor in raw.root.walk_tensors() for s in tensor.sources)
    raw = modern.raw
    architecture = parse_architecture(raw.architecture, raw.name)
    version = architecture.keras_version or raw.keras_version
    kind = raw.format if raw.weights_name is not None else raw.format.partition("+")[0]
    maker = TEACHABLE_MACHINE if is_teachable(raw.architecture) else None
    origin = Origin(kind, version, modern.backend, maker)
    major = 1 if modern.old_graph else _major(version, raw)
    dialect = Dialect(Version.of(version, major, origin.backend))
    try:
        owners = tuple(dialect.owner(spec, ()) for spec in architecture.model.layers)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise ModelFileError(
            f"{raw.name} is not a Keras model that makes sense: {error}",
            hint="write it again with model.to_json()",
        ) from error
    assignment = (
        Assignment({}, (), {})
        if raw.weights_name is None
        else assign(raw.weights, owners, raw.weights_name)
    )
    notes = [*modern.notes, *assignment.notes]
    if version is None:
        notes.append(f"no file says which Keras wrote it; by its layout, Keras {major}")
    by_path: dict[Path, Owner] = {}
    weights: dict[Path, Mapping[str, Tensor]] = {}
    missing: dict[Path, Mapping[str, str]] = {}
    for leaf in (leaf for owner in owners for leaf in owner.leaves()):
        by_path[leaf.path], weights[leaf.path] = modern.layer(
            leaf, dict(assignment.weights.get(leaf.path, {}))
        )
        missing[leaf.path] = assignment.missing(leaf)
    notes += _unused(raw, assignment.weights)
    notes += doubts(by_path.values(), version)
    if (
        raw.weights_name is None
        and modern.old_graph
        and any(owner.kind == "PReLU" for owner in by_path.values())
    ):
        notes.append("Keras 1 does not say which axes a PReLU shares: it may have fewer parameters")
    notes += [
        f"{'/'.join(path)} is taken for the Lambda that keras.applications makes: {owner.kind}"
        for path, owner in by_path.items()
        if owner.class_name == "Lambda" != owner.kind
    ]
    expansion = Expansion(
        by_path, weights, missing, raw.name, dialect.version.major < 3, dialect.version.counting
    )
    inputs, outputs = expansion.run(architecture)
    model = Model(
        architecture.model.name,
        tuple(expansion.layers),
        tuple(expansion.calls),
        inputs,
        outputs,
        stored,
        tuple(notes),
        expansion.unreached(),
    )
    return model, origin


def _major(version: str | None, raw: RawModel) -> int:
    """Keras' major version; without a version, what the file's layout tells."""
    if version is not None and version[:2] in ("0.", "1.", "2.", "3."):
        return int(version[0])
    if raw.weights_name is None and isinstance(raw.architecture, dict):
        return 3 if "registered_name" in raw.architecture else 2
    return 3 if "layers" in raw.weights.groups else 2


def _unused(raw: RawModel, weights: Mapping[Path, Mapping[str, Tensor]]) -> list[str]:
    """What to say of weights that no layer takes: they may be another model's."""
    used = {tensor.path for roles in weights.values() for tensor in roles.values()}
    unused = [
        tensor.path
        for tensor in raw.weights.walk_tensors()
        if tensor.path not in used
        and tensor.dtype.startswith(("float", "bfloat"))
        and tensor.path.split("/")[0] not in ("optimizer", "optimizer_weights", "metrics")
    ]
    if not unused:
        return []
    more = f" and {len(unused) - 1:,} more" if len(unused) > 1 else ""
    return [f"the file holds weights that no layer uses: {unused[0]}{more}"]
