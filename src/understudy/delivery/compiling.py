"""From sources to a compiled model: read, normalise, compile; ONNX models are taken as they are."""

from __future__ import annotations

from ..compiler import Compiled, compile_model
from ..compiler.adopt import adopt_onnx
from ..compiler.custom import with_expressions
from ..compiler.inspection import (
    Inspection,
    describe,
    describe_adopted,
    describe_architecture,
    inspect,
)
from ..keras import Model, Origin, normalize, read
from ..keras.formats import Format, Part
from .options import Options
from .sources import Sources


def compile_sources(sources: Sources, options: Options) -> tuple[Compiled, Origin]:
    """Compile a model, and say what wrote it.

    Raises:
        InputError: the sources cannot be used; what, why and what to do is said.
    """
    if sources.model.format is Format.ONNX:
        return _adopt(sources)
    model, origin = _model(sources, options)
    return compile_model(model, allow_nan=options.allow_nan), origin


def describe_sources(sources: Sources, options: Options) -> tuple[Compiled, Inspection]:
    """Compile a model, and describe it.

    Raises:
        InputError: the sources cannot be used; what, why and what to do is said.
    """
    if sources.model.format is Format.ONNX:
        compiled, origin = _adopt(sources)
        return compiled, describe_adopted(origin, compiled)
    model, origin = _model(sources, options)
    compiled = compile_model(model, allow_nan=options.allow_nan)
    return compiled, describe(model, origin, compiled)


def inspect_sources(sources: Sources, options: Options) -> Inspection:
    """Describe a model, whether it can be compiled or not.

    Raises:
        InputError: the files are not those of a model.
    """
    if sources.model.format is Format.ONNX:
        compiled, origin = _adopt(sources)
        return describe_adopted(origin, compiled)
    model, origin = _model(sources, options)
    if sources.weightless:
        return describe_architecture(model, origin)
    return inspect(model, origin)


def _model(sources: Sources, options: Options) -> tuple[Model, Origin]:
    model, origin = normalize(read(sources.model), backend=options.backend)
    return with_expressions(model, options.layers), origin


def _adopt(sources: Sources) -> tuple[Compiled, Origin]:
    found = sources.model
    name = found.parts[Part.MODEL]
    beside = {said: found.files[given] for said, given in found.shards.items()}
    return adopt_onnx(found.files[name], beside, name), Origin(found.format, None, None)
