"""What Keras 1 called things. Classes and options by their names in Keras 2."""

from __future__ import annotations

CLASSES: dict[str, str] = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "AtrousConv1D": "Conv1D",
    "AtrousConv2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "Deconv2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "SeparableConv2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
}
"""Class -> its name in Keras 2; those not listed kept theirs."""

OPTIONS: dict[str, str] = {
    "nb_filter": "filters",
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "subsample": "strides",
    "subsample_length": "strides",
    "stride": "strides",
    "filter_length": "kernel_size",
    "pool_length": "pool_size",
    "atrous_rate": "dilation_rate",
    "length": "size",
    "bias": "use_bias",
    "output_dim": "units",
    "p": "rate",
    "sigma": "stddev",
    "inner_activation": "recurrent_activation",
}
"""Option -> its name in Keras 2, in every class but those of `KEPT`."""

KEPT: dict[str, frozenset[str]] = {
    "Embedding": frozenset({"output_dim"}),
}
"""Class by its name in Keras 2 -> options that keep their names."""

DROPPED = frozenset(
    {
        "init",
        "inner_init",
        "forget_bias_init",
        "W_regularizer",
        "U_regularizer",
        "b_regularizer",
        "activity_regularizer",
        "depthwise_regularizer",
        "pointwise_regularizer",
        "gamma_regularizer",
        "beta_regularizer",
        "W_constraint",
        "U_constraint",
        "b_constraint",
        "depthwise_constraint",
        "pointwise_constraint",
        "dropout_W",
        "dropout_U",
        "consume_less",
        "weights",
        "cache_enabled",
        "custom_name",
        "input_shape",
    }
)
"""Options that change nothing at inference."""

DROPPED_UNLESS: dict[str, frozenset[str]] = {
    "input_dim": frozenset({"Embedding"}),
    "input_length": frozenset({"Embedding"}),
    "dropout": frozenset(),
}
"""Options that change nothing at inference, but for these classes."""

KERNEL_SIZES = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))
"""Options that are together the `kernel_size`."""

DATA_FORMATS = {"th": "channels_first", "tf": "channels_last"}

FORMATLESS = frozenset(
    {
        "ZeroPadding2D",
        "ZeroPadding3D",
        "UpSampling2D",
        "UpSampling3D",
        "Cropping2D",
        "Cropping3D",
    }
)
"""Classes that had a `dim_ordering` and did not write it (keras 1.2.2 `get_config`)."""

MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "concat": "Concatenate",
    "ave": "Average",
    "max": "Maximum",
    "dot": "Dot",
    "cos": "Dot",
}
"""A Merge's `mode` -> the layer that does it in Keras 2."""

EVIDENCE = frozenset(
    {"nb_filter", "border_mode", "dim_ordering", "nb_row", "W_regularizer", "b_regularizer"}
)
"""Options that no later version wrote."""

ROLES: dict[str, str] = {
    "W": "kernel",
    "U": "recurrent_kernel",
    "b": "bias",
    "gamma": "gamma",
    "beta": "beta",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",
    "alphas": "alpha",
    "depthwise_kernel": "depthwise_kernel",
    "pointwise_kernel": "pointwise_kernel",
}
"""The end of a weight's name -> its role. `running_std` is a variance, whatever it is called
(keras 1.2.2 `BatchNormalization.call`)."""

GATES = ("ifco", "zrh")
"""The gates of an LSTM, of a GRU, in the order in which Keras 2 joins their weights. Keras 1 kept
them apart unless `consume_less` was `gpu` (keras 2.2.4 `preprocess_weights_for_loading`)."""
