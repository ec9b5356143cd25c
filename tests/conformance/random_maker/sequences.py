"""Random layers for sequences: tensors of two axes beside the batch, steps and features."""

from random_maker.draw import Draw, NoFit

MERGES = ("concat", "sum", "mul", "ave", None)


def _size(draw: Draw, steps: int, padding: str) -> int:
    size = draw.whole(1, 4)
    return max(1, min(size, steps)) if padding == "valid" else size


def conv(draw: Draw, shape):
    """Conv1D: causal, strided, dilated, in groups."""
    steps, features = shape
    padding = draw.pick(("same", "valid", "causal") if draw.k.generation > 1 else ("same", "valid"))
    options = draw.bias()
    if draw.k.generation > 1:
        options.update({"dilation_rate": 2} if draw.chance(0.2) else {"strides": draw.whole(1, 2)})
    filters = draw.whole(1, 6)
    if draw.newer(8) and draw.chance(0.2):
        options["groups"] = draw.pick([n for n in range(1, features + 1) if features % n == 0])
        filters = options["groups"] * draw.whole(1, 2)
    size = 1 if "dilation_rate" in options and steps < 4 else _size(draw, steps, padding)
    return draw.layer(
        "Conv1D", filters, size, padding=padding, activation=draw.activation(), **options
    )


def other_conv(draw: Draw, shape):
    """SeparableConv1D, DepthwiseConv1D, Conv1DTranspose, LocallyConnected1D."""
    kind = draw.pick(
        ("SeparableConv1D", "DepthwiseConv1D", "Conv1DTranspose", "LocallyConnected1D")
    )
    padding = "valid" if kind == "LocallyConnected1D" else draw.pick(("same", "valid"))
    size = _size(draw, shape[0], padding)
    options = dict(draw.bias(), padding=padding, activation=draw.activation())
    if kind == "DepthwiseConv1D":
        return draw.layer(kind, size, depth_multiplier=draw.whole(1, 2), **options)
    return draw.layer(kind, draw.whole(1, 4), size, strides=draw.whole(1, 2), **options)


def pool(draw: Draw, shape):
    """Pooling, of windows and of the whole."""
    kind = draw.pick(("MaxPooling1D", "AveragePooling1D", "Global"))
    if kind == "Global":
        return draw.layer(draw.pick(("GlobalMaxPooling1D", "GlobalAveragePooling1D")))
    padding = draw.pick(("same", "valid"))
    return draw.layer(kind, _size(draw, shape[0], padding), padding=padding)


def margin(draw: Draw, shape):
    """Padding, cropping, repeating."""
    kind = draw.pick(("ZeroPadding1D", "Cropping1D", "UpSampling1D"))
    if kind == "UpSampling1D":
        return draw.layer(kind, 2)
    if kind == "Cropping1D" and shape[0] < 4:
        raise NoFit("too short")
    return draw.layer(kind, draw.pick((1, (1, 2), (0, 1))))


def _recurrent(draw: Draw, make, **options):
    kind = draw.pick(("LSTM", "GRU", "SimpleRNN"))
    if draw.chance(0.3):
        options["activation"] = draw.pick(("relu", "sigmoid", "softsign", "linear"))
    if kind != "SimpleRNN" and draw.chance(0.3):
        options["recurrent_activation"] = draw.pick(("sigmoid", "hard_sigmoid"))
    if kind == "GRU" and draw.since(2) and draw.chance(0.4):
        options["reset_after"] = draw.chance(0.5)
    if draw.chance(0.2):
        options["go_backwards"] = True
    options.update(draw.bias())
    return make(kind, draw.whole(1, 4), **options)


def recurrent(draw: Draw, shape):
    """LSTM, GRU, SimpleRNN: alone, or in both directions."""
    if shape[0] > 20:
        raise NoFit("too long")
    options = {"return_sequences": draw.chance(0.6)}
    if draw.chance(0.6):
        return _recurrent(draw, draw.layer, **options)
    merge = draw.pick(MERGES) if draw.chance(0.5) else "concat"
    return draw.layer("Bidirectional", _recurrent(draw, draw.inner, **options), merge_mode=merge)


def cells(draw: Draw, shape):
    """RNN of one cell or several."""
    if shape[0] > 12:
        raise NoFit("too long")
    made = [
        draw.inner(draw.pick(("LSTMCell", "GRUCell", "SimpleRNNCell")), draw.whole(1, 4))
        for _ in range(draw.whole(1, 3))
    ]
    cell = made[0] if len(made) == 1 else made
    return draw.layer("RNN", cell, return_sequences=draw.chance(0.5))


def distributed(draw: Draw, shape):
    """A layer for each step."""
    inside = draw.inner("Dense", draw.whole(1, 5), activation=draw.activation(), **draw.bias())
    return draw.layer("TimeDistributed", inside)


def attention(draw: Draw, shape):
    """A layer that is called with the same tensor twice or three times."""
    kind = draw.pick(
        ("MultiHeadAttention", "Attention", "AdditiveAttention", "GroupQueryAttention")
    )
    if kind == "MultiHeadAttention":
        options = {"value_dim": draw.whole(1, 3)} if draw.chance(0.3) else {}
        made = draw.layer(kind, draw.whole(1, 3), draw.whole(1, 4), **dict(options, **draw.bias()))
        causal = {"use_causal_mask": True} if draw.newer(10) and draw.chance(0.3) else {}
        return lambda x: made(x, x, **causal)
    if kind == "GroupQueryAttention":
        made = draw.layer(kind, draw.whole(1, 3), 4, draw.pick((1, 2, 4)), **draw.bias())
        return lambda x: made(x, x)
    options = {"use_scale": draw.chance(0.5)}
    if kind == "Attention" and draw.newer(10) and draw.chance(0.3):
        options["score_mode"] = "concat"
    made = draw.layer(kind, **options)
    return lambda x: made([x] * draw.pick((2, 3)))


def einsum(draw: Draw, shape):
    """EinsumDense."""
    steps, _ = shape
    equation, output, bias = draw.pick(
        (
            ("abc,cd->abd", (steps, 3), "d"),
            ("abc,cde->abde", (steps, 2, 3), "de"),
            ("abc,bd->adc", (4, shape[1]), None),
            ("abc,cd->abd", (None, 2), None),
        )
    )
    return draw.layer(
        "EinsumDense", equation, output_shape=output, bias_axes=bias, activation=draw.activation()
    )


SEQUENCES = (
    (4, conv),
    (2, other_conv),
    (2, pool),
    (1.5, margin),
    (4, recurrent),
    (0.7, cells),
    (1.5, distributed),
    (2, attention),
    (1, einsum),
)
"""How often, and what."""
