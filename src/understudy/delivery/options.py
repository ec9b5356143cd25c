"""What a person may say about how a model is compiled. What is said belongs to the release's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..errors import InputError, ReleaseError
from ..release.manifest import KERAS, ONNX

BACKENDS = ("tensorflow", "theano", "jax", "torch")
ENGINES = (ONNX, KERAS)


@dataclass(frozen=True, slots=True)
class Options:
    """Options that change what is compiled.

    Attributes:
        allow_nan: take weights that are not finite.
        backend: what Keras ran on, which most files of Keras 1 and 3 do not say; None takes the
            best evidence.
        layers: what Lambda and custom layers compute: expressions by the layers' names.
        engine: what runs the model: `onnx` runs what is compiled, `keras` is Keras itself.
    """

    allow_nan: bool = False
    backend: str | None = None
    layers: Mapping[str, str] = field(default_factory=dict)
    engine: str = ONNX

    def __post_init__(self) -> None:
        if self.backend is not None and self.backend not in BACKENDS:
            raise InputError(
                f"there is no backend {self.backend!r}", hint=f"give {' or '.join(BACKENDS)}"
            )
        if self.engine not in ENGINES:
            raise InputError(
                f"there is no engine {self.engine!r}", hint=f"give {' or '.join(ENGINES)}"
            )
        if self.engine == KERAS and self.layers:
            raise InputError(
                "--layer says what the compiler puts into a layer's place; Keras runs the layer",
                hint="leave out --layer, or --engine keras",
            )

    def said(self) -> dict[str, object]:
        """What was said, as plain JSON values; what was not is left out."""
        usual = asdict(Options())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


def recorded_options(said: Mapping[str, Any]) -> Options:
    """The options that a release records.

    Raises:
        ReleaseError: one is not known here.
    """
    try:
        return Options(**said)
    except TypeError:
        known = {field.name for field in fields(Options)}
        raise ReleaseError(
            f"the release was compiled with the option {', '.join(sorted(set(said) - known))},"
            " which is not known",
            hint="update understudy on this machine",
        ) from None


def parse_layers(given: Sequence[str]) -> dict[str, str]:
    """The expressions of `--layer NAME=EXPRESSION`, by name, checked.

    Raises:
        InputError: one is not of that form, or no expression; or a name comes twice.
    """
    from ..compiler.ops.language import parse

    layers: dict[str, str] = {}
    for text in given:
        name, equals, expression = text.partition("=")
        name = name.strip()
        if not name or not equals:
            raise InputError(
                f"--layer {text}: a name and an expression are needed",
                hint="write it like this: --layer 'lambda_1=x / 127.5 - 1'",
            )
        if name in layers:
            raise InputError(f"--layer {name} is given twice", hint="give it once")
        parse(expression)
        layers[name] = " ".join(expression.split())
    return layers
