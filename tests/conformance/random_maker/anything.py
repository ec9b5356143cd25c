"""Random layers for tensors of any number of axes."""

from random_maker.draw import Draw, NoFit


def _size(shape) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def batch_norm(draw: Draw, shape):
    """BatchNormalization along any axis, with and without scale and centre."""
    axis = -1
    if draw.channels == "channels_first" and len(shape) == 3:
        axis = 1
    elif draw.chance(0.25):
        axis = draw.whole(1, len(shape)) - draw.pick((0, len(shape) + 1))
    options = {"epsilon": draw.pick((1e-3, 1e-5, 0.1))}
    if draw.k.generation > 1:
        if draw.chance(0.2):
            options["scale"] = False
        if draw.chance(0.2):
            options["center"] = False
    return draw.layer("BatchNormalization", axis=axis, **options)


def other_norm(draw: Draw, shape):
    """LayerNormalization, GroupNormalization, UnitNormalization, RMSNormalization."""
    kind = draw.pick(("LayerNormalization",) * 3 + ("GroupNormalization", "Unit", "RMS"))
    if kind == "Unit":
        return draw.layer("UnitNormalization", axis=-1)
    if kind == "RMS":
        return draw.layer("RMSNormalization")
    options = {}
    if draw.chance(0.2):
        options["scale"] = False
    if draw.chance(0.2):
        options["center"] = False
    if kind == "LayerNormalization":
        if draw.chance(0.4):
            axes = [axis for axis in range(1, len(shape) + 1) if draw.chance(0.5)]
            options["axis"] = axes or [-1]
        return draw.layer(kind, **options)
    if len(shape) < 2:
        raise NoFit("no groups")
    groups = [n for n in range(1, shape[-1] + 1) if shape[-1] % n == 0]
    return draw.layer(kind, draw.pick(groups), **options)


def activation(draw: Draw, shape):
    """Activation."""
    return draw.layer("Activation", draw.pick(draw.activations))


def activation_layer(draw: Draw, shape):
    """Activations that are layers, with parameters."""
    kind = draw.pick(("LeakyReLU", "ELU", "PReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"))
    if kind == "PReLU":
        axes = [axis for axis in range(1, len(shape) + 1) if draw.chance(0.5)]
        return draw.layer(kind, shared_axes=axes or None)
    if kind == "ReLU":
        return draw.layer(
            kind, draw.pick((None, 1.0, 6.0)), draw.pick((0.0, 0.1)), draw.pick((0.0, 0.25))
        )
    if kind == "Softmax":
        axis = draw.whole(1, len(shape))
        return draw.layer(kind, axis=axis - draw.pick((0, len(shape) + 1)))
    return draw.layer(kind, {"LeakyReLU": 0.15, "ELU": 0.6, "ThresholdedReLU": 0.3}[kind])


def still(draw: Draw, shape):
    """What does nothing at inference."""
    kind = draw.pick(("Dropout", "GaussianNoise", "GaussianDropout", "ActivityRegularization"))
    if kind == "ActivityRegularization" and draw.k.generation == 1:
        kind = "Dropout"
    return draw.layer(kind, 0.3)


def dense(draw: Draw, shape):
    """Dense along the last axis; sometimes in a SpectralNormalization."""
    options = dict(draw.bias(), activation=draw.activation())
    if draw.k.generation == 1 and len(shape) > 1:
        raise NoFit("Keras 1 takes vectors only")
    if draw.newer(14) and draw.chance(0.1):
        return draw.layer("SpectralNormalization", draw.inner("Dense", 3, **options))
    return draw.layer("Dense", draw.whole(1, 8), **options)


def permute(draw: Draw, shape):
    """Permute."""
    order = list(range(1, len(shape) + 1))
    draw.random.shuffle(order)
    if len(order) < 2:
        raise NoFit("one axis")
    return draw.layer("Permute", tuple(order))


def reshape(draw: Draw, shape):
    """Reshape, often with -1."""
    rest, sizes = _size(shape), []
    for _ in range(draw.whole(0, 3)):
        size = draw.pick([n for n in range(1, min(rest, 16) + 1) if rest % n == 0])
        sizes.append(size)
        rest //= size
    sizes.append(rest)
    draw.random.shuffle(sizes)
    if draw.chance(0.4):
        sizes[draw.random.randrange(len(sizes))] = -1
    return draw.layer("Reshape", tuple(sizes))


def flatten(draw: Draw, shape):
    """Flatten, in either order."""
    options = {}
    if len(shape) == 3 and draw.since(2) and (draw.k.generation, draw.k.minor) != (2, 0):
        options = draw.format()
    return draw.layer("Flatten", **options)


def repeat(draw: Draw, shape):
    """RepeatVector."""
    if len(shape) != 1:
        raise NoFit("no vector")
    return draw.layer("RepeatVector", draw.whole(2, 5))


ANYTHING = (
    (4, batch_norm),
    (1.2, other_norm),
    (3, activation),
    (3, activation_layer),
    (1, still),
    (2.5, dense),
    (1, permute),
    (1.5, reshape),
    (1, flatten),
    (1, repeat),
)
"""How often, and what."""
