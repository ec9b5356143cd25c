"""Random decisions for one model, and layers made by them.

Rules: every decision comes from the seed; a version's layers are asked for by their Keras 2 names
and arguments, as in the makers of the goldens. What a version cannot do, it may refuse: the model
is then another one. Python 3.6 syntax.
"""

import random

_PLAIN = (
    "conv features head block1_conv bn1 conv2d_37 dense_48 batch_normalization_21 model_9 "
    "kernel vars layers cell sequential_5 output encoder lambda_3 input_7 gamma add_12"
)
PLAIN_NAMES = _PLAIN.split(" ")
"""Names that people give, and names that look like those which Keras gives, or like its groups."""

ODD_NAMES = ["x.y", "1x1", "b-c", "A.B-c_d"]
SCOPED_NAMES = ["part/conv", "part/bn", "part", "part/part", "conv/kernel"]
SPACED_NAMES = ["a conv", "größe", "a:b", "conv (1)"]
"""Every Keras takes the odd ones; Keras 2 takes slashes, Keras 3 takes spaces."""

_FUNCTIONS = (
    "relu tanh sigmoid softmax elu selu softplus softsign hard_sigmoid linear exponential swish "
    "gelu relu6 leaky_relu mish log_softmax hard_swish silu celu log_sigmoid squareplus "
    "hard_tanh soft_shrink tanh_shrink sparse_plus"
)
ACTIVATIONS = _FUNCTIONS.split(" ")

SMOOTH = 5
"""How many of ACTIVATIONS are drawn most of the time, inside of layers."""


class NoFit(Exception):
    """The layer does not fit the shape."""


class Draw:
    """The dice of one model.

    Attributes:
        random: where all decisions come from.
        half: whether the model computes with float16.
        channels: `channels_last` or `channels_first`, of most layers.
        named: how many layers have names of somebody's own, from 0 to 1.
        frozen: how many layers are frozen, from 0 to 1.
        scopes: the names that are taken in each of the models being built, outermost first.
        known: shapes, layers that take them and may be called again, and the scope of each.
        first_shape: what the first layer of a Sequential is told, until it is made.
    """

    def __init__(self, k, seed: int) -> None:
        """Roll what holds for the whole model."""
        self.k = k
        self.random = random.Random(seed)
        self.half = self.newer(4) and self.chance(0.08)
        self.channels = "channels_first" if self.chance(0.12) else "channels_last"
        self.named = self.pick((0.0, 0.0, 0.3, 0.8))
        self.frozen = self.pick((0.0, 0.0, 0.2, 0.5))
        self.scopes = [set()]
        self.known = []
        self.first_shape = None
        self.activations = [name for name in ACTIVATIONS if k.has_activation(name)]

    def chance(self, probability: float) -> bool:
        """Whether something happens."""
        return self.random.random() < probability

    def pick(self, items):
        """One of the items."""
        return items[self.random.randrange(len(items))]

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        return self.random.randint(low, high)

    def since(self, minor: int) -> bool:
        """Whether this is Keras 3, or Keras 2 from a minor version on."""
        return self.k.generation > 2 or (self.k.generation == 2 and self.k.minor >= minor)

    def newer(self, minor: int) -> bool:
        """Whether this is Keras 3, or tf.keras from a minor version on."""
        return self.since(minor) and (self.k.generation > 2 or self.k.flavour == "tf.keras")

    def activation(self, probability: float = 0.5):
        """An activation inside a layer, or None."""
        if not self.chance(probability):
            return None
        return self.pick(self.activations[:SMOOTH] if self.chance(0.8) else self.activations)

    def bias(self) -> dict:
        """Whether a layer has a bias, as an option."""
        return {"use_bias": False} if self.chance(0.25) else {}

    def format(self) -> dict:
        """Where a layer's channels are, as an option; seldom not where the others' are.

        Keras 1 does not write it down for every layer.
        """
        channels = self.channels
        if self.chance(0.03) and self.k.generation > 1:
            channels = "channels_first" if channels == "channels_last" else "channels_last"
        if channels == "channels_last" and self.chance(0.8):
            return {}
        return {"data_format": channels}

    def name(self):
        """A name that is not taken in this model, or None for Keras' own."""
        if not self.chance(self.named):
            return None
        names = PLAIN_NAMES
        if self.chance(0.3):
            names = ODD_NAMES + (SPACED_NAMES if self.k.generation == 3 else SCOPED_NAMES)
        name = self.pick(names)
        if name in self.scopes[-1]:
            return None
        self.scopes[-1].add(name)
        return name

    def remember(self, shape, layer) -> None:
        """Keep a layer, to be called again with a tensor of that shape."""
        self.known.append((shape, layer, self.scopes[-1]))

    def welcome(self, layer, scope) -> bool:
        """Whether a layer of another model being built may be called in this one, too."""
        if scope is self.scopes[-1]:
            return True
        if layer.name in self.scopes[-1]:
            return False
        self.scopes[-1].add(layer.name)
        return True

    def kind(self, name: str):
        """A layer's class, which may be experimental; NoFit where this version has none."""
        if self.k.has(name):
            return getattr(self.k.layers, name)
        experimental = getattr(self.k.layers, "experimental", None)
        found = getattr(getattr(experimental, "preprocessing", None), name, None)
        if found is None:
            raise NoFit(name)
        return found

    def inner(self, name: str, *arguments, **options):
        """A layer that another one holds."""
        return self.kind(name)(*arguments, **options)

    def layer(self, name: str, *arguments, **options):
        """A layer of the model: sometimes named, or frozen."""
        made = self.kind(name)
        if self.first_shape is not None:
            options["input_shape"] = self.first_shape
        if self.chance(self.frozen):
            options["trainable"] = False
        own = self.name()
        if own is not None:
            options["name"] = own
        return made(*arguments, **options)
