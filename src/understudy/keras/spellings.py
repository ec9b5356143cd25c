"""What versions of Keras called things: tables from every old spelling to the newest.

All version knowledge about names is here, as data. `normalize` applies it; nothing else in the
project knows an old name.
"""

from __future__ import annotations

CLASSES: dict[str, str] = {
    "Convolution2D": "Conv2D",
    "SeparableConvolution2D": "SeparableConv2D",
    "DepthwiseConvolution2D": "DepthwiseConv2D",
    "MaxPool2D": "MaxPooling2D",
    "AvgPool2D": "AveragePooling2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "Custom>CustomScaleLayer": "CustomScaleLayer",  # tf.keras 2.15, of InceptionResNetV2
    "GroupedQueryAttention": "GroupQueryAttention",
    "FixedDropout": "Dropout",  # of the package efficientnet
    "Custom>FixedDropout": "Dropout",
}
"""Class name as written -> the newest name. Names that never changed are not listed."""

OPTIONS: dict[str, dict[str, str]] = {
    "LeakyReLU": {"alpha": "negative_slope"},
}
"""Class by its newest name -> option as written -> the newest name."""

IGNORED_OPTIONS = frozenset(
    {
        # Who the layer is, and how it was trained.
        "name",
        "trainable",
        "dtype",
        "autocast",
        "batch_input_shape",
        "batch_shape",
        "input_shape",
        "input_dtype",
        "activity_regularizer",
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "bias_regularizer",
        "kernel_constraint",
        "bias_constraint",
        "depthwise_initializer",
        "depthwise_regularizer",
        "depthwise_constraint",
        "pointwise_initializer",
        "pointwise_regularizer",
        "pointwise_constraint",
        "gamma_initializer",
        "beta_initializer",
        "gamma_regularizer",
        "beta_regularizer",
        "gamma_constraint",
        "beta_constraint",
        "moving_mean_initializer",
        "moving_variance_initializer",
        "momentum",
        "renorm_clipping",
        "renorm_momentum",
        "synchronized",
        "fused",
        "embeddings_initializer",
        "embeddings_regularizer",
        "embeddings_constraint",
        "alpha_initializer",
        "alpha_regularizer",
        "alpha_constraint",
        # Kept by some versions beside the options that decide.
        "build_config",
        "lora_rank",
        "lora_alpha",
        "quantization_config",
        # How a recurrent layer was made and trained, and how Keras computes it.
        "recurrent_initializer",
        "recurrent_regularizer",
        "recurrent_constraint",
        "unit_forget_bias",
        "dropout",
        "recurrent_dropout",
        "seed",
        "implementation",
        "unroll",
        "zero_output_for_mask",
        "input_length",
    }
)
"""Options that do not change what a layer computes at inference."""

NOT_IGNORED: dict[str, frozenset[str]] = {
    kind: frozenset({"implementation"}) for kind in ("LocallyConnected1D", "LocallyConnected2D")
}
"""Class -> those of them that do change it."""

ACTIVATIONS: dict[str, str] = {
    "swish": "silu",
    "hard_swish": "hard_silu",
    "softplus_v2": "softplus",
    "softmax_v2": "softmax",
    "log_softmax_v2": "log_softmax",
    "gelu_v2": "gelu",
    "leakyrelu": "leaky_relu",
}
"""Activation function as written -> the newest name."""

NEW_ACTIVATIONS: dict[str, int] = {"gelu": 4}
"""Activation function -> the Keras 2.x that first had it. In older files somebody wrote it, and
what is called like this is not always the same function."""

ALWAYS_WRITTEN: dict[str, frozenset[str]] = {
    "AdditiveAttention": frozenset({"use_scale"}),
    "Attention": frozenset({"use_scale"}),
    "GroupNormalization": frozenset({"groups", "axis", "epsilon", "center", "scale"}),
    "LayerNormalization": frozenset({"axis", "epsilon", "center", "scale"}),
    "LayerScale": frozenset({"init_values", "projection_dim"}),
    "Normalization": frozenset({"axis"}),
    "RMSNormalization": frozenset({"axis", "epsilon"}),
    "Rescaling": frozenset({"scale", "offset"}),
    "Resizing": frozenset({"height", "width", "interpolation"}),
    "UnitNormalization": frozenset({"axis"}),
}
"""Class -> options that every Keras writes. People call layers of their own like these, and
tf.keras before 2.13 does not write down whose a class is: without these options it is theirs."""

OLD_HARD_SIGMOID_BEFORE = 3
"""Keras 1 and 2 compute `hard_sigmoid` as clip(0.2 x + 0.5, 0, 1), Keras 3 as relu6(x + 3) / 6.
(keras 2.15 `backend.hard_sigmoid`; keras 3 `ops.hard_sigmoid`.)"""

_KERNEL = (("kernel", None), ("bias", "use_bias"))
_RECURRENT = (("kernel", None), ("recurrent_kernel", None), ("bias", "use_bias"))
_HEADS = (
    ("query/kernel", None),
    ("query/bias", "use_bias"),
    ("key/kernel", None),
    ("key/bias", "use_bias"),
    ("gate/kernel", "with use_gate"),
    ("gate/bias", "with use_gate use_bias"),
    ("value/kernel", None),
    ("value/bias", "use_bias"),
    ("output/kernel", None),
    ("output/bias", "use_bias"),
)
_SEPARABLE = (("depthwise_kernel", None), ("pointwise_kernel", None), ("bias", "use_bias"))

WEIGHTS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "Conv1D": _KERNEL,
    "Conv2D": _KERNEL,
    "Conv3D": _KERNEL,
    "Conv1DTranspose": _KERNEL,
    "Conv2DTranspose": _KERNEL,
    "Conv3DTranspose": _KERNEL,
    "DepthwiseConv1D": _KERNEL,
    "DepthwiseConv2D": _KERNEL,
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
    "LocallyConnected1D": _KERNEL,
    "LocallyConnected2D": _KERNEL,
    "Dense": (*_KERNEL, ("kernel_scale", "with quantization")),
    "BatchNormalization": (
        ("gamma", "scale"),
        ("beta", "center"),
        ("moving_mean", None),
        ("moving_variance", None),
        ("moving_stddev", "with renorm"),
        ("renorm_mean", "with renorm"),
        ("renorm_stddev", "with renorm"),
    ),
    "LayerNormalization": (("gamma", "scale"), ("beta", "center")),
    "GroupNormalization": (("gamma", "scale"), ("beta", "center")),
    "RMSNormalization": (("scale", None),),
    "Normalization": (
        ("mean", "without mean"),
        ("variance", "without mean"),
        ("count", "without mean"),
    ),
    "PReLU": (("alpha", None),),
    "Embedding": (("embeddings", None),),
    "LayerScale": (("gamma", None),),
    "SimpleRNN": _RECURRENT,
    "LSTM": _RECURRENT,
    "GRU": _RECURRENT,
    "CuDNNLSTM": _RECURRENT,
    "CuDNNGRU": _RECURRENT,
    "ConvLSTM1D": _RECURRENT,
    "ConvLSTM2D": _RECURRENT,
    "ConvLSTM3D": _RECURRENT,
    "EinsumDense": (
        ("kernel", None),
        ("bias", "with bias_axes"),
        ("kernel_scale", "with quantization"),
    ),
    "MultiHeadAttention": _HEADS,
    "GroupQueryAttention": _HEADS,
    "Attention": (("scale", "with use_scale"), ("concat_score_weight", "with score_mode=concat")),
    "AdditiveAttention": (("scale", "with use_scale"),),
}
"""Class by its newest name -> its weights in the order in which Keras 3 numbers them, each with
the option that must be true for it to exist (absent options are true), `with` those that must be
given and true, or `without` one that must be absent."""

INNER_GROUPS: dict[tuple[str, str], tuple[str, ...]] = {
    **{(kind, ""): ("cell",) for kind in ("SimpleRNN", "LSTM", "GRU")},
    **{(f"ConvLSTM{dimensions}D", ""): ("cell",) for dimensions in (1, 2, 3)},
    **{
        (kind, part): (f"{part}_dense", f"_{part}_dense")
        for kind in ("MultiHeadAttention", "GroupQueryAttention")
        for part in ("query", "key", "gate", "value", "output")
    },
}
"""Class, and the beginning of a role -> the groups that may hold it in the numbered layout, where
these are not called as the role is."""

INNER_SCOPES: dict[str, str] = {
    "forward_layer": r"forward_.*",
    "backward_layer": r"backward_.*",
    "query": r"query(_\d+)?",
    "key": r"key(_\d+)?",
    "gate": r"gate(_\d+)?",
    "value": r"value(_\d+)?",
    "output": r"attention_output(_\d+)?",
}
"""The beginning of a role -> what a weight's name holds for it in the legacy layout."""

CELL_SCOPES = r"((lstm|gru|simple_rnn|conv_lstm)_cell|stacked_rnn_cells)(_\d+)*"
"""What a weight's name may hold in the legacy layout between its layer and the weight."""

CELL_LAYERS = {"SimpleRNNCell": "SimpleRNN", "LSTMCell": "LSTM", "GRUCell": "GRU"}
"""Cell -> the layer that is an RNN of it."""

GROUP_NAMES = {"GroupQueryAttention": "GroupedQueryAttention"}
"""Class as written -> what its groups in the numbered layout are called after."""

WRAPPERS = frozenset({"TimeDistributed", "SpectralNormalization"})
"""Layers that only call the one inside, which they hold as `layer`."""

WRAPPER_STATE: dict[str, frozenset[str]] = {"SpectralNormalization": frozenset({"vector_u"})}
"""Wrapper -> its own weights, which are of use in training only."""

WEIGHT_NAMES: dict[str, dict[str, str]] = {
    "DepthwiseConv1D": {"depthwise_kernel": "kernel"},
    "LayerScale": {"variable": "gamma", "Variable": "gamma"},  # it has no name in some versions
    "DepthwiseConv2D": {"depthwise_kernel": "kernel"},
    "Embedding": {"kernel": "embeddings"},  # Keras 1's `W`
}
"""Class by its newest name -> weight name as written -> role."""
