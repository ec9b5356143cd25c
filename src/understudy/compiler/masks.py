"""Masks: which steps of a sequence Keras leaves out. A model where that matters is refused.

`Masking` and `Embedding(mask_zero=True)` attach a mask to their output, which Keras hands on
beside it. Here nothing hands it on; so no layer that looks at masks may follow.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..keras import Model
from ..keras.model import find_refs

LOOK_AT_MASKS = frozenset(
    {
        "AdditiveAttention",
        "Attention",
        "Bidirectional",
        "ConvLSTM1D",
        "ConvLSTM2D",
        "ConvLSTM3D",
        "CuDNNGRU",
        "CuDNNLSTM",
        "GRU",
        "GlobalAveragePooling1D",
        "GroupNormalization",
        "GroupQueryAttention",
        "LSTM",
        "Maximum",
        "Minimum",
        "MultiHeadAttention",
        "Multiply",
        "RNN",
        "SimpleRNN",
        "Softmax",
        "TimeToBatch",
    }
)
"""Layers that compute something else where there is a mask."""


def mask_problems(model: Model) -> Iterator[str]:
    """A line for each layer that makes a mask which another layer looks at."""
    users: dict[int, list[int]] = {}
    for number, call in enumerate(model.calls):
        for ref in find_refs((call.arguments, call.named)):
            users.setdefault(ref.call, []).append(number)
    told: set[int] = set()
    for number, call in enumerate(model.calls):
        layer = model.layers[call.layer]
        makes = layer.kind == "Masking" or bool(layer.config.get("mask_zero"))
        if not makes or call.layer in told:
            continue
        seen, waiting = {number}, [number]
        while waiting:
            for user in users.get(waiting.pop(), ()):
                follower = model.layers[model.calls[user].layer]
                if follower.kind in LOOK_AT_MASKS and call.layer not in told:
                    told.add(call.layer)
                    yield (
                        f"{layer.kind} {layer.name}: its mask changes what "
                        f"{follower.kind} {follower.name} computes"
                    )
                if user not in seen:
                    seen.add(user)
                    waiting.append(user)
