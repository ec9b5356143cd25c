"""The set `composite`: layers with layers or states in them, and attention.

    python tests/golden/make_goldens.py --set composite ...

Rules: as in builders.py. A model is made by the versions that have its layers; inside a model,
layers and options that a version does not have are left out. Python 3.6 syntax.
"""

from collections import namedtuple

Case = namedtuple("Case", "build sizes also full weights_from may_fail tolerance")
"""As in builders.py, and how far predictions may be off."""


def _case(build, *sizes, **options):
    return Case(
        build,
        sizes,
        (),
        options.get("full", ""),
        options.get("weights_from", "same"),
        options.get("may_fail", False),
        1e-4,
    )


def crnn(k):
    """Reads text: convolutions, columns as time steps, two Bidirectional LSTM, a class a step."""
    layer = k.layers
    image = k.Input((12, 14, 1))
    x = layer.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = layer.MaxPooling2D((2, 2))(x)
    x = layer.BatchNormalization()(layer.Conv2D(5, 3, padding="same", activation="relu")(x))
    x = layer.MaxPooling2D((2, 1))(x)
    x = layer.Reshape((7, 15))(layer.Permute((2, 1, 3))(x))
    x = layer.TimeDistributed(layer.Dense(6, activation="relu"))(x)
    x = layer.Bidirectional(layer.LSTM(4, return_sequences=True))(x)
    x = layer.Bidirectional(layer.LSTM(3, return_sequences=True), merge_mode="sum")(x)
    x = layer.Dense(5, activation="softmax")(x)
    return k.Model(image, layer.Flatten()(x))


def recurrent(k):
    """Every kind of recurrent layer, direction, activation and merge mode."""
    layer = k.layers
    image = k.Input((6, 5))
    x = layer.LSTM(4, return_sequences=True, go_backwards=True, use_bias=False)(image)
    x = layer.GRU(4, return_sequences=True)(x)
    x = layer.SimpleRNN(4, return_sequences=True, activation="relu")(x)
    x = layer.Bidirectional(layer.GRU(3, return_sequences=True), merge_mode="ave")(x)
    ends = [
        layer.LSTM(3, activation="softsign", recurrent_activation="hard_sigmoid")(x),
        layer.LSTM(3, activation="selu", go_backwards=True)(x),
        layer.GRU(3, activation="selu")(x),
        layer.SimpleRNN(3, activation="softplus", use_bias=False)(x),
        layer.Bidirectional(layer.SimpleRNN(3), merge_mode="mul")(x),
        layer.Bidirectional(layer.LSTM(2))(x),
    ]
    if k.generation > 2 or (k.generation, k.minor) >= (2, 2):
        ends.append(layer.GRU(3, reset_after=True)(x))
        ends.append(layer.GRU(3, reset_after=False)(x))
    return k.Model(image, layer.Dense(4)(layer.Concatenate()(ends)))


def states(k):
    """Final states that are other layers' first ones, and outputs."""
    layer = k.layers
    image = k.Input((6, 5))
    x, hidden, carry = layer.LSTM(3, return_sequences=True, return_state=True)(image)
    y = layer.LSTM(3)(x, initial_state=[hidden, carry])
    _, state = layer.GRU(4, return_state=True)(x)
    z = layer.SimpleRNN(4, return_sequences=True)(image, initial_state=[state])
    parts = [y, layer.Flatten()(z), carry]
    both = layer.Bidirectional(layer.LSTM(3, return_sequences=True, return_state=True))
    if (k.generation, k.minor) != (3, 0):
        w = both(x)
        parts.append(layer.Bidirectional(layer.LSTM(3))(w[0], initial_state=list(w[1:])))
    return k.Model(image, layer.Dense(4)(layer.Concatenate()(parts)))


def cells(k):
    """RNN of one cell, of several, and of several in both directions."""
    layer = k.layers
    image = k.Input((6, 5))
    several = [layer.LSTMCell(3), layer.LSTMCell(3), layer.GRUCell(3)]
    x = layer.RNN(several, return_sequences=True)(image)
    x = layer.RNN(layer.SimpleRNNCell(4), return_sequences=True, go_backwards=True)(x)
    both = layer.RNN([layer.LSTMCell(3), layer.GRUCell(2)], return_sequences=True)
    x = layer.Bidirectional(both)(x)
    return k.Model(image, layer.RNN(layer.LSTMCell(4))(x))


def video(k):
    """TimeDistributed layers and models, and ConvLSTM2D."""
    layer = k.layers
    inner_in = k.Input((4, 3, 3))
    x = layer.Conv2D(3, 2, activation="tanh")(inner_in)
    x = layer.BatchNormalization()(x)
    inner = k.Model(inner_in, layer.GlobalAveragePooling2D()(x))
    image = k.Input((3, 9, 8, 2))
    x = layer.TimeDistributed(layer.Conv2D(3, 3, activation="relu"))(image)
    x = layer.TimeDistributed(layer.BatchNormalization())(x)
    x = layer.ConvLSTM2D(3, 3, padding="same", return_sequences=True)(x)
    y = layer.ConvLSTM2D(2, (2, 3), strides=(2, 1), go_backwards=True, use_bias=False)(x)
    ends = [layer.Flatten()(y)]
    if (k.generation, k.minor) != (3, 0):
        x = layer.Bidirectional(layer.ConvLSTM2D(3, 2, padding="same", return_sequences=True))(x)
        x = layer.TimeDistributed(layer.Conv2D(3, 1))(x)
    x = layer.TimeDistributed(layer.MaxPooling2D((2, 2), padding="same"))(x)
    # 3.0 cannot call a model in it, 2.0 none with a batch normalization.
    if (k.generation, k.minor) in ((3, 0), (2, 0)):
        x = layer.TimeDistributed(layer.Flatten())(x)
    else:
        x = layer.TimeDistributed(inner)(x)
    ends.append(layer.GRU(3)(x))
    return k.Model(image, layer.Dense(4, activation="softmax")(layer.Concatenate()(ends)))


def nested_recurrent(k):
    """Recurrent and wrapped layers inside a nested model, whose names alone tell them apart."""
    layer = k.layers
    inner_in = k.Input((6, 5))
    x = layer.Bidirectional(layer.LSTM(3, return_sequences=True))(inner_in)
    x = layer.GRU(4, return_sequences=True)(layer.GRU(4, return_sequences=True)(x))
    inner = k.Model(inner_in, layer.TimeDistributed(layer.Dense(3))(x))
    image = k.Input((6, 5))
    return k.Model(image, layer.LSTM(4)(inner(image)))


def attention(k):
    """A small vision transformer, and every kind of attention and EinsumDense."""
    layer = k.layers
    image = k.Input((8, 12, 3))
    x = layer.Reshape((6, 6))(layer.Conv2D(6, 4, strides=4)(image))
    y = layer.LayerNormalization()(x)
    x = layer.Add()([x, layer.MultiHeadAttention(2, 3)(y, y)])
    y = layer.MultiHeadAttention(3, 2, value_dim=4, use_bias=False, output_shape=5)(x, value=y)
    z = layer.Conv2D(5, 3, strides=3)(image)
    z = layer.MultiHeadAttention(2, 2, attention_axes=(2,))(z, z)
    ends = [
        layer.Attention(use_scale=True)([x, x]),
        layer.AdditiveAttention()([y, y]),
        layer.EinsumDense("abc,cde->abde", output_shape=(6, 2, 2), bias_axes="de")(x),
        layer.EinsumDense("abc,bd->adc", output_shape=(3, 5), bias_axes="d")(y),
        layer.GlobalAveragePooling2D()(z),
    ]
    if k.generation == 3 or k.minor >= 10:
        ends.append(layer.MultiHeadAttention(2, 3, dropout=0.1)(x, x, use_causal_mask=True))
        ends.append(layer.Attention(score_mode="concat", use_scale=True)([y, y]))
    x = layer.Concatenate()([layer.Flatten()(end) for end in ends])
    return k.Model(image, layer.Dense(4, activation="tanh")(x))


def newer(k):
    """Attention of groups, with gates and windows; spectral normalization."""
    layer = k.layers
    image = k.Input((6, 5))
    x = layer.GroupQueryAttention(3, 4, 2, use_gate=True)(image, image)
    x = layer.MultiHeadAttention(2, 3, use_gate=True, sliding_window=3)(x, image)
    x = layer.GroupQueryAttention(2, 2, 1, sliding_window=2)(x, image, use_causal_mask=True)
    x = layer.SpectralNormalization(layer.Dense(5, activation="tanh"))(x)
    return k.Model(image, layer.Flatten()(layer.Add()([x, image])))


def int8(k):
    """Dense and EinsumDense with whole numbers, as `quantize` leaves them."""
    layer = k.layers
    image = k.Input((9, 8, 3))
    x = layer.Flatten()(layer.MaxPooling2D()(layer.Conv2D(4, 3)(image)))
    x = layer.Reshape((6, 4))(layer.Dense(24, activation="relu")(x))
    x = layer.EinsumDense("abc,cde->abde", output_shape=(6, 2, 3), bias_axes="de")(x)
    x = layer.EinsumDense("abcd,cde->abe", output_shape=(6, 3))(x)
    x = layer.Dense(4, activation="tanh", use_bias=False)(layer.Reshape((18,))(x))
    model = k.Model(image, x)
    model.quantize("int8")
    return model


def cases(k):
    """Return the models that this version can make, by name, in order."""
    if k.generation == 1:
        return {}
    made = {
        "crnn": _case(crnn, (12, 14, 1), full="plain"),
        "recurrent": _case(recurrent, (6, 5)),
        "video": _case(video, (3, 9, 8, 2)),
        "nested_recurrent": _case(nested_recurrent, (6, 5)),
    }
    if (k.generation, k.minor) >= (2, 2):
        made["states"] = _case(states, (6, 5))
        made["cells"] = _case(cells, (6, 5))
    # 3.0 cannot call a MultiHeadAttention with an output_shape.
    if k.has("EinsumDense") and (k.generation, k.minor) != (3, 0):
        full = "plain" if k.label in ("tfkeras-2.15", "keras-3.15.1") else ""
        made["attention"] = _case(attention, (8, 12, 3), full=full)
    if k.has("GroupQueryAttention") and k.minor > 0:
        made["newer"] = _case(newer, (6, 5), full="plain")
        made["int8"] = _case(int8, (9, 8, 3), full="plain")
    return made
