"""Layers that only call another one: in the graph they are a small model with that layer inside.

TimeDistributed calls its layer with every time step. As no layer looks from one image of a batch
to another, that is one call with the steps as further images: `TimeToBatch` before it and
`BatchToTime` after it. SpectralNormalization changes the kernel in training only: at inference
it is the layer with the kernel that is stored. (keras 3.15 `TimeDistributed.call`,
`SpectralNormalization.call`.)
"""

from __future__ import annotations

from dataclasses import replace

from .nodes import Key, NodeSpec
from .specs import INPUT_CLASS, LayerSpec, ModelSpec

ALONG_THE_LAST_AXIS = frozenset({"Dense", "Activation", "Dropout"})
"""Layers that do the same with a time axis as without."""

FOLD, UNFOLD = "TimeToBatch", "BatchToTime"


def wrapped(wrapper: LayerSpec, inner: LayerSpec) -> ModelSpec:
    """The model that a wrapper is."""
    shapes = {
        option: wrapper.config[option]
        for option in ("batch_input_shape", "batch_shape", "dtype")
        if option in wrapper.config
    }
    start = Key(f"{inner.name}/input", 0, 0)
    layers = [LayerSpec(start.layer, INPUT_CLASS, shapes, (NodeSpec(()),))]
    result = Key(inner.name, 0, 0)
    plain = inner.model is None and inner.class_name in ALONG_THE_LAST_AXIS
    if wrapper.class_name == "TimeDistributed" and not plain:
        folded, result = Key(f"{inner.name}/fold", 0, 0), Key(f"{inner.name}/unfold", 0, 0)
        layers += [
            LayerSpec(folded.layer, FOLD, {}, (NodeSpec((start,)),)),
            replace(inner, nodes=(NodeSpec((folded,)),)),
            LayerSpec(result.layer, UNFOLD, {}, (NodeSpec(([Key(inner.name, 0, 0), start],)),)),
        ]
    else:
        layers.append(replace(inner, nodes=(NodeSpec((start,)),)))
    return ModelSpec(wrapper.name, True, tuple(layers), (start,), (result,))
