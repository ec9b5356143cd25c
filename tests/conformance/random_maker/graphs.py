"""Random graphs: layers after each other, side by side, called again, models in models.

Rules: what a Keras refuses to build is tried otherwise, a few times. A model that is left
unfinished is thrown away by raising. Python 3.6 syntax.
"""

from maker.files import tensor_shape

from random_maker.anything import ANYTHING
from random_maker.draw import Draw, NoFit
from random_maker.images import IMAGES, VOLUMES
from random_maker.operations import looked_up, operation
from random_maker.sequences import SEQUENCES

TRIES = 6
MOST = 5000
"""Elements of a tensor, for one image."""

DEPTH = 3
FREE = 9
"""What a free size is taken for when a layer is drawn."""


def shape_of(tensor):
    """A tensor's shape without the batch."""
    return tuple(tensor_shape(tensor)[1:])


def _small(shape) -> bool:
    size = 1
    for length in shape:
        size *= FREE if length is None else length
    return 0 < size <= MOST


def _weighted(draw: Draw, rows):
    total = draw.random.random() * sum(weight for weight, _ in rows)
    for weight, item in rows:
        total -= weight
        if total <= 0:
            return item
    return rows[-1][1]


def any_layer(draw: Draw, shape):
    """A layer for a tensor of this shape."""
    shape = tuple(FREE if size is None else size for size in shape)
    special = {2: SEQUENCES, 3: IMAGES, 4: VOLUMES}.get(len(shape))
    rows = special if special and draw.chance(0.6) else ANYTHING
    return _weighted(draw, rows)(draw, shape)


def _merge(draw: Draw, pool):
    """Two or more tensors become one: side by side, by element, or as a product."""
    first = draw.pick(pool)
    shape = shape_of(first)
    same_rank = [x for x in pool if len(shape_of(x)) == len(shape)]
    if draw.chance(0.4):
        axis = draw.whole(1, len(shape))
        fitting = [
            x
            for x in same_rank
            if all(
                number == axis or a == b for number, (a, b) in enumerate(zip(shape_of(x), shape), 1)
            )
        ]
        parts = [first] + [draw.pick(fitting) for _ in range(draw.whole(1, 3))]
        return draw.k.layers.Concatenate(axis=axis - draw.pick((0, len(shape) + 1)))(parts)
    if draw.k.has("Dot") and len(shape) == 2 and draw.chance(0.15):
        other = draw.pick(same_rank)
        return draw.k.layers.Dot(draw.pick((1, 2, (1, 2), (2, 1))))([first, other])
    kinds = ("Add", "Multiply", "Maximum", "Average", "Subtract", "Minimum")
    kind = draw.pick([name for name in kinds if draw.k.has(name)])
    wide = draw.k.generation > 1 and draw.chance(0.5)
    fitting = [
        x
        for x in same_rank
        if all(a == b or (wide and 1 in (a, b)) for a, b in zip(shape_of(x), shape))
    ]
    if wide and len(shape) > 1:
        fitting += [x for x in pool if len(shape_of(x)) == 1 and shape_of(x)[0] == shape[-1]]
    parts = [first] + [
        draw.pick(fitting) for _ in range(1 if kind == "Subtract" else draw.whole(1, 3))
    ]
    draw.random.shuffle(parts)
    return getattr(draw.k.layers, kind)()(parts)


def _nested(draw: Draw, pool, depth: int):
    """A model inside, called with one tensor or two; or one for each step."""
    x = draw.pick(pool)
    if len(shape_of(x)) < 2 or None in shape_of(x):
        raise NoFit("too small")
    if len(shape_of(x)) == 4 and draw.k.generation > 1 and draw.chance(0.5):
        model = functional(draw, [draw.k.Input(shape_of(x)[1:])], draw.whole(1, 3), 1, depth + 1)
        return draw.layer("TimeDistributed", model)(x)
    if draw.chance(0.4):
        model = sequential(draw, shape_of(x), depth + 1)
    else:
        taken = [x]
        if draw.chance(0.25):
            taken.append(draw.pick(pool))
        inputs = [draw.k.Input(shape_of(tensor)) for tensor in taken]
        ends = 2 if draw.chance(0.2) else 1
        model = functional(draw, inputs, draw.whole(1, 5), ends, depth + 1)
        if len(taken) > 1:
            return model(taken)
    if draw.chance(draw.frozen):
        model.trainable = False
    draw.remember(shape_of(x), model)
    return model(x)


def _again(draw: Draw, pool):
    """A layer or a model that was called before, called with another tensor."""
    fitting = [
        (layer, scope, x)
        for shape, layer, scope in draw.known
        for x in pool
        if shape_of(x) == shape
    ]
    if not fitting:
        raise NoFit("nothing to call again")
    layer, scope, x = draw.pick(fitting)
    if not draw.welcome(layer, scope):
        raise NoFit("its name is taken")
    return layer(x)


def _stateful(draw: Draw, x):
    """A recurrent layer whose states are used as tensors."""
    kind = draw.pick(("LSTM", "GRU", "SimpleRNN"))
    found = draw.layer(kind, 3, return_sequences=True, return_state=True)(x)
    if draw.chance(0.5):
        return list(found)
    return draw.layer(kind, 3)(found[0], initial_state=list(found[1:]))


def _step(draw: Draw, pool, depth: int):
    """What the next tensor, or tensors, are."""
    x = pool[-1] if draw.chance(0.7) else draw.pick(pool)
    what = draw.random.random()
    if what < 0.14:
        return _merge(draw, pool)
    if what < 0.22 and depth < DEPTH:
        return _nested(draw, pool, depth)
    if what < 0.32:
        return _again(draw, pool)
    shape = shape_of(x)
    if what < 0.42 and None not in shape:
        mates = [y for y in pool if shape_of(y) == shape]
        return operation(draw, x, draw.pick(mates), shape)
    if what < 0.43:
        return looked_up(draw, x, shape)
    if what < 0.45 and len(shape) == 2 and draw.since(2):
        return _stateful(draw, x)
    layer = any_layer(draw, shape)
    made = layer(x)
    if draw.chance(0.4) and hasattr(layer, "get_config"):
        draw.remember(shape, layer)
    return made


def functional(draw: Draw, inputs, steps: int, ends: int, depth: int = 0, start=()):
    """A functional model.

    Args:
        draw: the dice.
        inputs: its inputs.
        steps: how many calls of layers.
        ends: how many outputs, at most.
        depth: how many models it is in.
        start: tensors to go on from, if these are not the inputs.
    """
    free = any(None in shape_of(x) for x in inputs)
    name = draw.name() if depth else None
    draw.scopes.append({x._keras_history[0].name for x in inputs})
    first_shape, draw.first_shape = draw.first_shape, None
    pool = list(start or inputs)
    begun, height = len(pool), len(draw.scopes)
    for _ in range(steps):
        for _ in range(TRIES):
            try:
                made = _step(draw, pool, depth)
                made = list(made) if isinstance(made, (list, tuple)) else [made]
                shapes = [shape_of(x) for x in made]
            except Exception:  # what Keras raises differs from version to version
                del draw.scopes[height:]
                continue
            if all(_small(shape) and (free or None not in shape) for shape in shapes):
                pool += made
                break
    outputs = [pool[-1]]
    if ends > 1 and len(pool) > begun + 1:
        others = [x for x in pool[begun:-1] if x is not pool[-1]]
        outputs += draw.random.sample(others, min(ends - 1, len(others)))
    if len(pool) == begun:
        outputs = [draw.layer("Activation", "tanh")(pool[-1])]
    draw.scopes.pop()
    draw.first_shape = first_shape
    single = len(inputs) == 1
    if len(outputs) == 1:
        outputs = outputs[0]
    model = draw.k.Model(inputs[0] if single else inputs, outputs, name=name)
    if not single and not draw.newer(2) and len(model.get_config()["input_layers"]) < len(inputs):
        raise NoFit("this Keras does not write down inputs that nothing uses")
    return model


def sequential(draw: Draw, shape, depth: int = 0):
    """A Sequential: told its shape by an input or its first layer, or beginning with a model."""
    k = draw.k
    name = draw.name() if depth else None
    draw.scopes.append(set())
    model = k.Sequential(name=name) if name else k.Sequential()
    begun = draw.random.random()
    if begun < 0.3 and depth < DEPTH:
        if draw.chance(0.3):
            inner = sequential(draw, shape, depth + 1)
        else:
            inner = functional(draw, [k.Input(shape)], draw.whole(1, 5), 1, depth + 1)
        if draw.chance(draw.frozen):
            inner.trainable = False
        model.add(inner)
    elif begun < 0.5 and draw.newer(4):
        model.add(k.Input(shape))
    told = begun < 0.5 and draw.newer(4)
    for _ in range(draw.whole(1, 6)):
        empty = not model.layers
        draw.first_shape = shape if empty and not told else None
        try:
            layer = any_layer(draw, shape if empty else tuple(model.output_shape[1:]))
        except NoFit:
            continue
        finally:
            draw.first_shape = None
        if hasattr(layer, "get_config"):
            model.add(layer)
            if not isinstance(model.output_shape, tuple) or not _small(model.output_shape[1:]):
                raise NoFit("too large")
    draw.scopes.pop()
    if depth and draw.newer(4) and draw.chance(0.15):
        copies = [type(layer).from_config(layer.get_config()) for layer in model.layers]
        return k.Sequential(copies)  # which is told its shape when it is called
    return model


def whole_model(draw: Draw):
    """A model, and the sizes of its inputs, with the dtype of each."""
    kind = draw.random.random()
    rows, columns, channels = draw.whole(1, 13), draw.whole(1, 11), draw.whole(1, 4)
    image = (rows, columns, channels)
    if draw.channels == "channels_first":
        image = (channels, max(rows, 4), max(columns, 4))
    if kind < 0.15:
        return sequential(draw, image), [(image, "float32")]
    if kind < 0.25 and draw.channels == "channels_last":
        free = (None, None, channels)
        model = functional(draw, [draw.k.Input(free)], draw.whole(2, 8), 1)
        return model, [((draw.whole(7, 11), draw.whole(7, 11), channels), "float32")]
    if kind < 0.32:
        length = draw.whole(2, 9)
        tokens = draw.k.Input((length,), dtype="int32")
        x = draw.layer("Embedding", 10, draw.whole(1, 5))(tokens)
        model = functional(draw, [tokens], draw.whole(1, 8), draw.whole(1, 2), start=[x])
        return model, [((length,), "int32")]
    steps = (draw.whole(2, 10), draw.whole(1, 5))
    video = (draw.whole(2, 4), draw.whole(4, 7), draw.whole(4, 7), draw.whole(1, 3))
    sizes = [draw.pick([image] * 6 + [steps] * 3 + [video, (draw.whole(1, 9),)])]
    if draw.chance(0.3):
        sizes.append(draw.pick((sizes[0], image, steps, (draw.whole(1, 6),))))
    names = [draw.name() for _ in sizes]
    inputs = [draw.k.Input(size, name=name) for size, name in zip(sizes, names)]
    ends = draw.pick((1, 1, 1, 2, 3))
    model = functional(draw, inputs, draw.whole(2, 14), ends)
    return model, [(size, "float32") for size in sizes]
