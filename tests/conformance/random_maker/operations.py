"""Random functions of TensorFlow and of Keras 3, called on symbolic tensors.

Rules: they take a tensor of any shape, unless they say which; a second tensor has the first one's
shape. Python 3.6 syntax.
"""

from random_maker.draw import Draw, NoFit


def _constant(draw: Draw) -> float:
    return draw.whole(-8, 8) / 4.0 + 0.125


def _slices(draw: Draw, rank: int) -> tuple:
    """What to cut out: ends, steps, new axes, single places."""
    found = [slice(None)]
    for _ in range(rank - 1):
        found.append(
            draw.pick(
                (
                    slice(None),
                    slice(None),
                    slice(0, 2),
                    slice(None, -1),
                    slice(None, None, 2),
                    slice(None, None, -1),
                    slice(-2, None),
                    0,
                    -1,
                )
            )
        )
    if draw.chance(0.2):
        found.insert(draw.whole(1, rank), None)
    if draw.chance(0.3):
        found = [Ellipsis, draw.pick((0, slice(0, 1), slice(None, None, -1)))]
    return tuple(found)


def _arithmetic(draw: Draw, x, y):
    a, b = _constant(draw), _constant(draw)
    return draw.pick(
        (
            lambda: x * a + b,
            lambda: a - x,
            lambda: x / 4.0 - 1.0,
            lambda: -x,
            lambda: x * y,
            lambda: x - y,
            lambda: a / (x * x + 1.0),
            lambda: (x * x + 0.5) ** 0.5,
            lambda: x + y * 2.0,
        )
    )()


def _tensorflow(draw: Draw, tf, x, y, shape):
    axis, last = draw.whole(1, len(shape)), -1
    rank = len(shape) + 1
    keep = draw.chance(0.5)
    order = [0, *draw.random.sample(range(1, rank), rank - 1)]
    margins = [[0, 0]] + [[draw.whole(0, 2), draw.whole(0, 1)] for _ in shape]
    rows = [
        lambda: tf.nn.relu(x),
        lambda: tf.nn.relu6(3.0 * x),
        lambda: tf.nn.leaky_relu(x, 0.2),
        lambda: tf.nn.elu(x),
        lambda: tf.nn.softmax(x),
        lambda: tf.nn.softmax(x, axis=axis),
        lambda: tf.nn.softplus(x),
        lambda: tf.tanh(x),
        lambda: tf.sigmoid(x),
        lambda: tf.abs(x),
        lambda: tf.exp(-tf.abs(x)),
        lambda: tf.sqrt(tf.abs(x) + 0.5),
        lambda: tf.math.log(x * x + 1.0),
        lambda: tf.square(x),
        lambda: tf.maximum(x, _constant(draw)),
        lambda: tf.minimum(x, y),
        lambda: tf.clip_by_value(x, -0.75, 0.5),
        lambda: tf.where(x > 0.03, x, 0.5 * y),
        lambda: tf.cast(x > 0.03, "float32") * y,
        lambda: tf.add(x, y),
        lambda: tf.multiply(x, y),
        lambda: tf.reduce_mean(x, axis, keepdims=keep),
        lambda: tf.reduce_sum(x, axis, keepdims=keep),
        lambda: tf.reduce_max(x, axis, keepdims=keep),
        lambda: tf.reduce_mean(x, list(range(1, rank)), keepdims=True) + x,
        lambda: tf.concat([x, y], axis),
        lambda: tf.concat([x, -x], last),
        lambda: tf.stack([x, y], axis),
        lambda: tf.transpose(x, order),
        lambda: tf.expand_dims(x, axis),
        lambda: tf.pad(x, margins),
        lambda: tf.tile(x, [1] * axis + [2] + [1] * (rank - axis - 1)),
        lambda: tf.reverse(x, [axis]),
        lambda: tf.reshape(x, [-1, _product(shape)]),
        lambda: tf.nn.l2_normalize(x, axis),
        lambda: tf.split(x, shape[-1], last),
        lambda: tf.split(x, [1, shape[axis - 1] - 1], axis)[1],
        lambda: tf.unstack(x, axis=axis)[-1],
        lambda: tf.gather(x, [shape[-1] - 1, 0], axis=last),
        lambda: tf.cumsum(x, axis),
    ]
    if rank > 2:
        rows.append(lambda: tf.matmul(x, y, transpose_b=True))
    if rank == 4:
        rows += [
            lambda: tf.image.resize(x, (draw.whole(2, 9), draw.whole(2, 9))),
            lambda: tf.image.flip_left_right(x),
            lambda: tf.nn.max_pool2d(x, 2, 2, draw.pick(("SAME", "VALID"))),
            lambda: tf.nn.avg_pool2d(x, 2, 1, draw.pick(("SAME", "VALID"))),
            lambda: tf.nn.space_to_depth(x, 2),
        ]
    if draw.newer(8):
        rows += [
            lambda: tf.nn.gelu(x),
            lambda: tf.nn.silu(x),
            lambda: tf.repeat(x, 2, axis=axis),
        ]
    return draw.pick(rows)()


def _keras(draw: Draw, ops, x, y, shape):
    axis, last = draw.whole(1, len(shape)), -1
    rank = len(shape) + 1
    keep = draw.chance(0.5)
    order = [0, *draw.random.sample(range(1, rank), rank - 1)]
    margins = [[0, 0]] + [[draw.whole(0, 2), draw.whole(0, 1)] for _ in shape]
    rows = [
        lambda: ops.relu(x),
        lambda: ops.relu6(3.0 * x),
        lambda: ops.leaky_relu(x, 0.2),
        lambda: ops.elu(x),
        lambda: ops.softmax(x, axis=axis),
        lambda: ops.softplus(x),
        lambda: ops.tanh(x),
        lambda: ops.sigmoid(x),
        lambda: ops.gelu(x),
        lambda: ops.silu(x),
        lambda: ops.abs(x),
        lambda: ops.exp(-ops.abs(x)),
        lambda: ops.sqrt(ops.abs(x) + 0.5),
        lambda: ops.log(x * x + 1.0),
        lambda: ops.square(x),
        lambda: ops.maximum(x, _constant(draw)),
        lambda: ops.minimum(x, y),
        lambda: ops.clip(x, -0.75, 0.5),
        lambda: ops.where(x > 0.03, x, 0.5 * y),
        lambda: ops.cast(x > 0.03, "float32") * y,
        lambda: ops.add(x, y),
        lambda: ops.multiply(x, y),
        lambda: ops.mean(x, axis, keepdims=keep),
        lambda: ops.sum(x, axis, keepdims=keep),
        lambda: ops.max(x, axis, keepdims=keep),
        lambda: ops.mean(x, list(range(1, rank)), keepdims=True) + x,
        lambda: ops.concatenate([x, y], axis),
        lambda: ops.concatenate([x, -x], last),
        lambda: ops.stack([x, y], axis),
        lambda: ops.transpose(x, order),
        lambda: ops.swapaxes(x, 1, axis),
        lambda: ops.moveaxis(x, -1, 1),
        lambda: ops.expand_dims(x, axis),
        lambda: ops.pad(x, margins),
        lambda: ops.tile(x, [1] * axis + [2] + [1] * (rank - axis - 1)),
        lambda: ops.repeat(x, 2, axis=axis),
        lambda: ops.flip(x, axis),
        lambda: ops.reshape(x, [-1, _product(shape)]),
        lambda: ops.normalize(x, axis),
        lambda: list(ops.split(x, shape[-1], last)),
        lambda: list(ops.split(x, [1], axis))[1],
        lambda: ops.take(x, [shape[-1] - 1, 0], axis=last),
        lambda: ops.cumsum(x, axis),
        lambda: ops.var(x, axis, keepdims=True),
    ]
    if rank > 2:
        rows.append(lambda: ops.matmul(x, ops.swapaxes(y, -1, -2)))
    if rank == 4:
        rows += [
            lambda: ops.image.resize(x, (draw.whole(2, 9), draw.whole(2, 9))),
            lambda: ops.max_pool(x, 2, 2, draw.pick(("same", "valid"))),
            lambda: ops.average_pool(x, 2, 1, draw.pick(("same", "valid"))),
        ]
    return draw.pick(rows)()


def _product(sizes) -> int:
    found = 1
    for size in sizes:
        found *= size
    return found


def operation(draw: Draw, x, y, shape):
    """Call a random function; its result is a tensor or a list of some."""
    k = draw.k
    if k.generation < 3 and k.flavour != "tf.keras":
        raise NoFit("no operations on symbolic tensors")
    if draw.chance(0.35):
        return _arithmetic(draw, x, y)
    if draw.chance(0.3):
        return x[_slices(draw, len(shape) + 1)]
    if k.generation == 3:
        return _keras(draw, k.keras.ops, x, y, shape)
    return _tensorflow(draw, k.tensorflow, x, y, shape)


def looked_up(draw: Draw, x, shape):
    """An Embedding of a tensor that becomes whole numbers, or of one that is none."""
    k = draw.k
    if len(shape) > 2 or (k.flavour != "tf.keras" and k.generation < 3):
        raise NoFit("no cast")
    if k.generation == 3:
        ops = k.keras.ops
        whole = ops.cast(ops.clip(ops.abs(x) * 3.0, 0.0, 9.0), "int32")
    else:
        tf = k.tensorflow
        whole = tf.cast(tf.clip_by_value(tf.abs(x) * 3.0, 0.0, 9.0), "int32")
    return draw.layer("Embedding", 10, draw.whole(1, 4))(whole)
