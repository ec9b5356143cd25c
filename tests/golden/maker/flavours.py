"""One face for every Keras: `keras` 1.2, 2.x and 3.x, and `tf.keras`.

Rules: a builder asks the Library for layers by their Keras 2 names and arguments; only
this file knows how a version differs in what its *constructors* take. It knows nothing of
files. Python 3.6 syntax, because the oldest Keras runs there.
"""

import functools
import importlib
import warnings


class Library:
    """The Keras in use: its module, its layers, and what it calls itself."""

    def __init__(self, flavour):
        """Import the Keras that `flavour` (`keras` or `tf.keras`) names."""
        self.flavour = flavour
        if flavour == "tf.keras":
            self.tensorflow = importlib.import_module("tensorflow")
            # Through the attribute: `tensorflow.keras` is a lazy module in some versions.
            self.keras = self.tensorflow.keras
        else:
            self.keras = importlib.import_module("keras")
            self.tensorflow = None
        # tf.keras 2.13 to 2.15 have no version of their own; the package below them has.
        version = getattr(self.keras, "__version__", None)
        self.version = version or importlib.import_module("keras").__version__
        self.generation = int(self.version.split(".")[0])
        self.minor = int(self.version.split(".")[1])
        if self.generation == 3:
            self.backend = self.keras.backend.backend()
        elif flavour == "tf.keras":
            self.backend = "tensorflow"
        else:
            self.backend = importlib.import_module("keras.backend").backend()
        if self.backend == "tensorflow" and self.tensorflow is None:
            self.tensorflow = importlib.import_module("tensorflow")
        if self.generation == 1:
            self.layers = Keras1Layers(self.keras)
            self.Sequential = self.keras.models.Sequential
        else:
            self.layers = self.keras.layers
            self.Sequential = self.keras.models.Sequential

    @property
    def label(self):
        """Return the name of this version's folder, e.g. `tfkeras-2.15`."""
        if self.flavour == "tf.keras":
            return "tfkeras-" + ".".join(self.tensorflow.__version__.split(".")[:2])
        name = "keras-" + self.version
        return name if self.backend == "tensorflow" else name + "-" + self.backend

    @property
    def writes_zip(self):
        """Whether `save` writes the `.keras` zip, and `save_weights` `.weights.h5`."""
        return self.generation >= 3 or (self.generation, self.minor) >= (2, 12)

    def Input(self, shape, name=None, dtype=None):
        """Return an input tensor."""
        options = {"dtype": dtype} if dtype else {}
        if self.generation == 1:
            return importlib.import_module("keras.layers").Input(shape=shape, name=name, **options)
        return self.layers.Input(shape=shape, name=name, **options)

    def Model(self, inputs, outputs, name=None):
        """Return a functional model."""
        if self.generation == 1:
            return self.keras.models.Model(input=inputs, output=outputs, name=name)
        return self.keras.models.Model(inputs, outputs, name=name)

    def has(self, layer):
        """Whether this version has a layer class of that name."""
        return hasattr(self.layers, layer)

    def has_activation(self, name):
        """Whether this version knows an activation by that name."""
        activations = importlib.import_module("keras.activations") if (
            self.flavour == "keras"
        ) else self.keras.activations
        try:
            activations.get(name)
        except Exception:  # what is raised differs from version to version
            return False
        return True

    def fit(self, model, inputs, targets):
        """Train for one step, so that the optimizer has state."""
        length = "nb_epoch" if self.generation == 1 else "epochs"
        model.fit(inputs, targets, verbose=0, **{length: 1})

    def clear(self):
        """Forget every model, and start the numbering of names again."""
        if self.generation == 3:
            self.keras.utils.clear_session()
        elif self.flavour == "tf.keras":
            self.keras.backend.clear_session()
        else:
            backend = importlib.import_module("keras.backend")
            if hasattr(backend, "clear_session"):
                backend.clear_session()
            if hasattr(backend, "reset_uids"):
                backend.reset_uids()


def _size(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def _ordering(options):
    """Rename `data_format` to Keras 1's `dim_ordering`."""
    if "data_format" in options:
        options["dim_ordering"] = (
            "th" if options.pop("data_format") == "channels_first" else "tf"
        )
    return options


class Keras1Layers:
    """Keras 2's constructor arguments over Keras 1's layers."""

    def __init__(self, keras):
        """Look the layers up in `keras.layers`."""
        warnings.simplefilter("ignore")
        self._l = importlib.import_module("keras.layers")
        for same in (
            "Flatten",
            "Reshape",
            "BatchNormalization",
            "Activation",
            "LeakyReLU",
            "ELU",
            "PReLU",
            "ThresholdedReLU",
            "Permute",
            "RepeatVector",
            "GaussianNoise",
            "GaussianDropout",
            "TimeDistributed",
            "Bidirectional",
            "ZeroPadding1D",
            "Cropping1D",
            "UpSampling1D",
            "GlobalMaxPooling1D",
            "GlobalAveragePooling1D",
        ):
            setattr(self, same, getattr(self._l, same))
        for name, mode in (
            ("Add", "sum"),
            ("Multiply", "mul"),
            ("Average", "ave"),
            ("Maximum", "max"),
            ("Concatenate", "concat"),
        ):
            setattr(self, name, functools.partial(self._merge, mode))

    def _merge(self, mode, axis=-1, name=None):
        return lambda tensors: self._l.merge(tensors, mode=mode, concat_axis=axis, name=name)

    def Dropout(self, rate, **options):
        """Dropout; Keras 1 calls the rate `p`."""
        return self._l.Dropout(rate, **options)

    def Dense(self, units, use_bias=True, **options):
        """Dense; `output_dim`, `bias`."""
        return self._l.Dense(units, bias=use_bias, **options)

    def Conv2D(self, filters, kernel_size, **options):
        """Convolution2D, or AtrousConvolution2D where there is a dilation."""
        rows, columns = _size(kernel_size)
        options = self._convolution(options)
        if "dilation_rate" in options:
            rate = _size(options.pop("dilation_rate"))
            return self._l.AtrousConvolution2D(
                filters, rows, columns, atrous_rate=rate, **options
            )
        return self._l.Convolution2D(filters, rows, columns, **options)

    def Conv1D(self, filters, kernel_size, **options):
        """Convolution1D."""
        options["border_mode"] = options.pop("padding", "valid")
        options["bias"] = options.pop("use_bias", True)
        return self._l.Convolution1D(filters, kernel_size, **options)

    def Embedding(self, input_dim, output_dim, **options):
        """Embedding, without the dropout that only Keras 1 has."""
        return self._l.Embedding(input_dim, output_dim, **options)

    def LSTM(self, units, **options):
        """LSTM; `inner_activation`."""
        return self._recurrent(self._l.LSTM, units, options)

    def GRU(self, units, **options):
        """GRU; `inner_activation`."""
        return self._recurrent(self._l.GRU, units, options)

    def SimpleRNN(self, units, **options):
        """SimpleRNN."""
        return self._recurrent(self._l.SimpleRNN, units, options)

    def _recurrent(self, layer, units, options):
        if "recurrent_activation" in options:
            options["inner_activation"] = options.pop("recurrent_activation")
        return layer(units, **options)

    def SeparableConv2D(self, filters, kernel_size, **options):
        """SeparableConvolution2D."""
        rows, columns = _size(kernel_size)
        return self._l.SeparableConvolution2D(
            filters, rows, columns, **self._convolution(options)
        )

    def _convolution(self, options):
        options = _ordering(options)
        options["border_mode"] = options.pop("padding", "valid")
        options["subsample"] = _size(options.pop("strides", 1))
        options["bias"] = options.pop("use_bias", True)
        return options

    def MaxPooling2D(self, pool_size=2, **options):
        """MaxPooling2D; `border_mode`."""
        return self._pool(self._l.MaxPooling2D, pool_size, options)

    def AveragePooling2D(self, pool_size=2, **options):
        """AveragePooling2D; `border_mode`."""
        return self._pool(self._l.AveragePooling2D, pool_size, options)

    def _pool(self, layer, pool_size, options):
        options = _ordering(options)
        options["border_mode"] = options.pop("padding", "valid")
        if "strides" in options:
            options["strides"] = _size(options["strides"])
        return layer(_size(pool_size), **options)

    def MaxPooling1D(self, pool_size=2, padding="valid", **options):
        """MaxPooling1D; `border_mode`."""
        return self._l.MaxPooling1D(pool_size, border_mode=padding, **options)

    def AveragePooling1D(self, pool_size=2, padding="valid", **options):
        """AveragePooling1D; `border_mode`."""
        return self._l.AveragePooling1D(pool_size, border_mode=padding, **options)

    def SpatialDropout2D(self, rate, **options):
        """SpatialDropout2D; `dim_ordering`."""
        return self._l.SpatialDropout2D(rate, **_ordering(options))

    def UpSampling2D(self, size=2, **options):
        """UpSampling2D; `dim_ordering`."""
        return self._l.UpSampling2D(_size(size), **_ordering(options))

    def Cropping2D(self, cropping=1, **options):
        """Cropping2D; `dim_ordering`."""
        return self._l.Cropping2D(cropping, **_ordering(options))

    def GlobalAveragePooling2D(self, **options):
        """GlobalAveragePooling2D; `dim_ordering`."""
        return self._l.GlobalAveragePooling2D(**_ordering(options))

    def GlobalMaxPooling2D(self, **options):
        """GlobalMaxPooling2D; `dim_ordering`."""
        return self._l.GlobalMaxPooling2D(**_ordering(options))

    def ZeroPadding2D(self, padding=1, **options):
        """ZeroPadding2D; Keras 1 has ((top, bottom), (left, right)) flat."""
        if isinstance(padding, int):
            padding = (padding, padding)
        elif not isinstance(padding[0], int):
            padding = tuple(padding[0]) + tuple(padding[1])
        return self._l.ZeroPadding2D(padding, **_ordering(options))
