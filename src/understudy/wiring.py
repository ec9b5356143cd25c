"""The one place where settings become concrete parts.

The command line and the Python interface both come through here. Heavy imports are made where
they are needed: classifying does not import the compiler, compiling not onnxruntime.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .engine import ALLOW_LAMBDA
from .errors import InputError, NotFoundError
from .release.layout import DEFAULT_STAGES, check_model, check_stage
from .serve import Classifier, Session, served_model
from .store.open import open_store
from .store.port import Store

if TYPE_CHECKING:
    import numpy.typing as npt

    from .compiler.inspection import Inspection
    from .delivery.actions import Delivered
    from .delivery.making import Trial
    from .delivery.options import Options
    from .delivery.status import ModelStatus
    from .release.manifest import Signature
    from .release.resolve import Resolved
    from .serve.loading import Loader

DEFAULT_STORE = "./store"
STORE_VARIABLE = "UNDERSTUDY_STORE"
CACHE_VARIABLE = "UNDERSTUDY_CACHE"
CACHE_BYTES_VARIABLE = "UNDERSTUDY_CACHE_BYTES"
DEFAULT_CACHE_BYTES = 4 * 1024**3
DEFAULT_STAGE = DEFAULT_STAGES[0]

PathLike = str | os.PathLike[str]


def store_at(store: PathLike | Store | None) -> Store:
    """The store that was given or named, or else `UNDERSTUDY_STORE`, or else `./store`."""
    if store is None or isinstance(store, str | os.PathLike):
        named = os.fspath(store) if store else os.environ.get(STORE_VARIABLE)
        return open_store(named or DEFAULT_STORE)
    return store


# --- Classifying --------------------------------------------------------------------------------


def open_model(
    model: str, *, stage: str = DEFAULT_STAGE, store: PathLike | Store | None = None
) -> Classifier:
    """Open the release that a stage of a model serves, after its self-test.

    Args:
        model: the model's name in the store.
        stage: `dev` or `prod`.
        store: a folder, a URL, or a store; by default `UNDERSTUDY_STORE`, or else `./store`.

    Raises:
        NotFoundError: there is no such model, or the stage serves nothing yet.
        ReleaseError: the release is damaged, or fails its self-test.
    """
    from .delivery.pointers import read_pointer
    from .delivery.status import unknown_model

    where = store_at(store)
    found = read_pointer(where, check_model(model), check_stage(stage))
    if found is None:
        if stage not in DEFAULT_STAGES:
            raise InputError(
                f"there is no stage {stage}", hint=f"the stages are {', '.join(DEFAULT_STAGES)}"
            )
        serving = [s for s in DEFAULT_STAGES if read_pointer(where, model, s) is not None]
        if not serving:
            raise unknown_model(where, model)
        raise NotFoundError(
            f"{stage} of {model} serves no release; these stages do: {', '.join(serving)}",
            hint=f"`understudy promote {model}` brings one from {serving[0]} to the next stage",
        )
    return loader_of(where).load(model, stage, found.pointer.release)


def open_files(
    *files: PathLike,
    labels: PathLike | Sequence[str] | None = None,
    preprocess: PathLike | Mapping[str, Any] | None = None,
) -> Classifier:
    """Open a model's files, without any store: compile them, and be ready to classify.

    Args:
        files: an architecture and its weights, one whole model, a zip, or a folder with these
            (and with labels.txt and preprocess.json, if there are any).
        labels: the classes in the order of the model's outputs, or a text file with one a line.
        preprocess: how an image becomes the input: what `preprocess.json` says, or such a file.

    Raises:
        InputError: the files cannot be used; what, why and what to do is said.
    """
    from .delivery.making import make_release, plan_release
    from .delivery.sources import find_sources
    from .release.identity import Role

    # Once the session is open, the weights are mapped: the files may go.
    with tempfile.TemporaryDirectory(prefix="understudy-", ignore_cleanup_errors=True) as name:
        given, made = Path(name, "given"), Path(name, "made")
        for folder in (given, made):
            folder.mkdir()
        if labels is not None and not isinstance(labels, str | os.PathLike):
            labels = _written(given / "labels.txt", "".join(f"{label}\n" for label in labels))
        if isinstance(preprocess, Mapping):
            preprocess = _written(given / "preprocess.json", json.dumps(dict(preprocess)))
        extra = {Role.LABELS: _path(labels), Role.PREPROCESS: _path(preprocess)}
        plan = plan_release(find_sources([Path(file) for file in files], extra))
        manifest = make_release(plan, made, trial())
        return Classifier.open(made, served_model(manifest, Path(files[0]).stem, None))


def find_images(paths: list[Path]) -> tuple[list[Path], str | None]:
    """The images among files and folders, and in one line which were left out, if any were.

    Raises:
        InputError: a folder has no images.
    """
    from .serve.folder import described, images_in

    left_out: Counter[str] = Counter()
    found = list(images_in(paths, left_out))
    return found, described(left_out) if left_out else None


def trial() -> Trial:
    """What tries a release before it is one."""
    from functools import lru_cache

    import numpy as np

    from .delivery.making import Trial
    from .serve.image import decode
    from .serve.prepare import decode_as
    from .serve.tensor import write

    opened = lru_cache(maxsize=8)(
        lambda image, color, turn, alpha, bits: decode(
            image, color=color, orientation=turn, alpha=alpha, bits=bits
        )
    )

    def prepare(image: bytes, how: Resolved) -> npt.NDArray[Any]:
        made: npt.NDArray[Any] = np.empty(how.shape, how.dtype)
        if how.decode == "fast":  # depends on all of `how`
            picture, whole = decode_as(image, how)
            write(picture, how, made, whole)
        else:
            decoded = opened(image, how.color, how.orientation, how.alpha, how.bits)
            write(decoded, how, made)
        return made

    return Trial(rehearse, prepare, examine)


def rehearse(folder: Path, inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Open the model in a folder and give its outputs for these inputs, one case at a time."""
    import numpy as np

    from .serve.session import outputs, run

    session = _open_folder(folder)
    names = [signature.name for signature in outputs(session)]
    count = len(next(iter(inputs.values())))
    rows = [
        run(session, names, {name: array[n : n + 1] for name, array in inputs.items()})
        for n in range(count)
    ]
    return {name: np.concatenate([row[i] for row in rows]) for i, name in enumerate(names)}


def examine(folder: Path) -> tuple[tuple[Signature, ...], tuple[Signature, ...]]:
    """Open the model in a folder and say what it takes and gives."""
    from .serve.session import inputs, outputs

    session = _open_folder(folder)
    return inputs(session), outputs(session)


def _open_folder(folder: Path) -> Session:
    """Open a model with the engine that its files are for; there are no others in the folder."""
    from .engine.document import DOCUMENT
    from .release.manifest import KERAS, ONNX
    from .serve.opening import open_engine

    engine = KERAS if (folder / DOCUMENT).is_file() else ONNX
    return open_engine(folder, engine, allow_lambda=_allow_lambda())


def _allow_lambda() -> bool:
    """Whether the operator allows Keras to run the code of Lambda layers."""
    return os.environ.get(ALLOW_LAMBDA) == "1"


def loader_of(store: Store) -> Loader:
    """What loads the releases of a store; the cache is for stores that are no folder."""
    from .release.cache import Cache
    from .serve.loading import Loader

    named = os.environ.get(CACHE_VARIABLE)
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(named or f"{base}/understudy/releases").expanduser()
    return Loader(store, Cache(folder, _cache_bytes()), allow_lambda=_allow_lambda())


def _cache_bytes() -> int:
    said = os.environ.get(CACHE_BYTES_VARIABLE)
    if said and not (said.isascii() and said.isdigit()):
        raise InputError(
            f"{CACHE_BYTES_VARIABLE} is {said!r}",
            hint="give a number of bytes, such as 2000000000, or unset it",
        )
    return int(said) if said else DEFAULT_CACHE_BYTES


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _path(path: PathLike | None) -> Path | None:
    return None if path is None else Path(path)


# --- Reading and compiling ----------------------------------------------------------------------


def compile_options(
    *,
    allow_nan: bool = False,
    backend: str | None = None,
    layers: Sequence[str] = (),
    engine: str | None = None,
) -> Options:
    """What is said about how a model is compiled, or that Keras runs it; checked."""
    from .delivery.options import Options, parse_layers

    said = {} if engine is None else {"engine": engine}
    return Options(allow_nan, backend, parse_layers(layers), **said)


def inspect_files(files: list[Path], options: Options) -> Inspection:
    """What a model's files are, and whether they can be compiled."""
    from .delivery.compiling import inspect_sources
    from .delivery.sources import find_sources

    return inspect_sources(find_sources(files, weightless=True), options)


def compile_files(files: list[Path], folder: Path, options: Options) -> Inspection:
    """Compile a model's files to `model.onnx` and `weights.bin` in a folder."""
    from .compiler import WEIGHTS_FILE
    from .delivery.candidate import MODEL_FILE
    from .delivery.compiling import describe_sources
    from .delivery.sources import find_sources
    from .files import write_file

    compiled, found = describe_sources(find_sources(files), options)
    # The weights first: a model.onnx that is there has its weights.
    write_file(folder / WEIGHTS_FILE, compiled.files.pieces())
    write_file(folder / MODEL_FILE, [compiled.files.onnx])
    return found


# --- Delivering ---------------------------------------------------------------------------------


def push_files(
    files: list[Path],
    model: str,
    *,
    store: PathLike | Store | None = None,
    labels: Path | None = None,
    preprocess: Path | None = None,
    goldens: Path | None = None,
    message: str = "",
    options: Options | None = None,
    dry_run: bool = False,
) -> Delivered:
    """Make a release of a model's files and let the first stage serve it."""
    from .delivery.actions import push_release
    from .delivery.making import make_release, plan_release
    from .delivery.sources import find_sources
    from .release.identity import Role

    check_model(model)
    extra = {Role.LABELS: labels, Role.PREPROCESS: preprocess, Role.GOLDENS: goldens}
    plan = plan_release(find_sources(files, extra), options or compile_options())
    return push_release(
        store_at(store),
        model,
        plan.id,
        lambda staging: make_release(plan, staging, trial()),
        by=user(),
        now=now,
        message=message,
        dry_run=dry_run,
    )


def promote_model(
    model: str,
    from_stage: str,
    to_stage: str,
    *,
    store: PathLike | Store | None = None,
    message: str = "",
    unverified: bool = False,
    dry_run: bool = False,
) -> Delivered:
    """Let one stage serve what another serves."""
    from .delivery.actions import promote

    return promote(
        store_at(store),
        model,
        from_stage,
        to_stage,
        by=user(),
        now=now,
        message=message,
        unverified=unverified,
        dry_run=dry_run,
    )


def model_status(
    model: str | None, *, store: PathLike | Store | None = None
) -> tuple[Store, tuple[ModelStatus, ...]]:
    """What each stage serves, and the store that says so."""
    from .delivery.status import status

    where = store_at(store)
    return where, status(where, model)


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def user() -> str:
    """Who does this, for the history: `user@machine`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):
        name = "unknown"
    return f"{name}@{socket.gethostname()}"
