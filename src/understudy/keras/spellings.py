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
        "alpha_initializer",
        "alpha_regularizer",
        "alpha_constraint",
        # Kept by some versions beside the options that decide.
        "build_config",
        "lora_rank",
        "lora_alpha",
        "quantization_config",
    }
)
"""Options that do not change what a layer computes at inference."""

ACTIVATIONS: dict[str, str] = {
    "swish": "silu",
    "hard_swish": "hard_silu",
    "softplus_v2": "softplus",
    "softmax_v2": "softmax",
    "gelu_v2": "gelu",
    "leakyrelu": "leaky_relu",
}
"""Activation function as written -> the newest name."""

OLD_HARD_SIGMOID_BEFORE = 3
"""Keras 1 and 2 compute `hard_sigmoid` as clip(0.2 x + 0.5, 0, 1), Keras 3 as relu6(x + 3) / 6.
(keras 2.15 `backend.hard_sigmoid`; keras 3 `ops.hard_sigmoid`.)"""

WEIGHTS: dict[str, tuple[tuple[str, str | None], ...]] = {
    "Conv2D": (("kernel", None), ("bias", "use_bias")),
    "Conv2DTranspose": (("kernel", None), ("bias", "use_bias")),
    "DepthwiseConv2D": (("kernel", None), ("bias", "use_bias")),
    "SeparableConv2D": (
        ("depthwise_kernel", None),
        ("pointwise_kernel", None),
        ("bias", "use_bias"),
    ),
    "Dense": (("kernel", None), ("bias", "use_bias")),
    "BatchNormalization": (
        ("gamma", "scale"),
        ("beta", "center"),
        ("moving_mean", None),
        ("moving_variance", None),
    ),
    "LayerNormalization": (("gamma", "scale"), ("beta", "center")),
    "PReLU": (("alpha", None),),
}
"""Class by its newest name -> its weights in the order in which Keras 3 numbers them, each with
the option that must be true for it to exist (absent options are true)."""

WEIGHT_NAMES: dict[str, dict[str, str]] = {
    "DepthwiseConv2D": {"depthwise_kernel": "kernel"},
}
"""Class by its newest name -> weight name as written -> role."""
