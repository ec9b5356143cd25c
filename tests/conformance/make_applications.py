"""Make models of keras.applications with random weights, one after the other.

    /opt/keras-envs/keras-3.15.1/bin/python make_applications.py FOLDER [NAME...]

Prints a JSON line for each model when `FOLDER/<name>/` holds its architecture, its weights and
what Keras predicts, and waits for a line on stdin before it makes the next: large models need not
lie on the disk together. Run by applications.py, under the newest Keras.

Rules: images are not square, and as small as the architecture allows; weights are random. Batch
statistics are those of a random batch, with noise, so that neither signal nor error dies out in
hundreds of layers. Nor may it grow: where a change of a millionth in the images changes Keras'
own predictions visibly, or where all images look alike, residual branches are made weaker.
"""

import inspect
import json
import pathlib
import re
import sys
import zlib

import numpy as np

CLASSES = 10
BATCH = 8
IMAGES = 3
MORE = (13, 30)
"""How many pixels more than the least there are."""

GAINS = (1.0, 0.4, 0.15)
"""How much of themselves residual branches add, until a model is steady."""

CHANGE = 1e-6
STEADY = 1e-5
"""How much predictions may change with such a change of the images."""

APART = 0.01
"""How much the predictions for two images differ at least."""


def functions(applications):
    """Return every architecture's function, by name."""
    found = {}
    for name in dir(applications):
        function = getattr(applications, name)
        if inspect.isfunction(function):
            found[name] = function
    return found


def make(keras, function):
    """Return the architecture for the smallest images that it takes."""
    for least in (32, 71, 75, 96, 128, 224, 331):
        size = (least + MORE[0], least + MORE[1], 3)
        try:
            function(weights=None, input_shape=(least, least, 3), include_top=False)
        except ValueError:
            continue
        keras.backend.clear_session()
        return function(weights=None, input_shape=size, classes=CLASSES)
    raise ValueError("no size works")


def leaves(model):
    """Yield the layers that hold weights, however deep."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        elif layer.weights:
            yield layer


def takes_pixels(model):
    """Whether the model scales its pixels itself."""
    return any(
        takes_pixels(layer)
        if hasattr(layer, "layers")
        else type(layer).__name__ in ("Rescaling", "Normalization")
        for layer in model.layers
    )


def value(rng, name, shape):
    """Return random values that suit a weight of that name."""
    if name in ("gamma", "variable"):
        return rng.uniform(0.5, 1.5, shape)
    if name in ("beta", "bias", "moving_mean", "mean"):
        return rng.normal(0.0, 0.2, shape)
    if name in ("moving_variance", "variance"):
        return rng.uniform(0.5, 1.5, shape)
    fan = np.prod(shape[:2]) if "depthwise" in name or len(shape) < 2 else np.prod(shape[:-1])
    return rng.normal(0.0, np.sqrt(2.0 / fan), shape)


def ends_branch(layer):
    """Whether the layer is the last of a residual branch, and not that of the shortcut."""
    if re.search(r"_0_(bn|conv)$", layer.name):  # ResNet's shortcuts that change the shape
        return False
    after = [node.operation for node in layer._outbound_nodes]
    kinds = [type(operation).__name__ for operation in after]
    if kinds == ["Dropout"]:
        return ends_branch(after[0])
    return kinds == ["Add"]


def randomize(keras, model, images, rng, gain):
    """Give the model random weights, and the statistics of these images, with noise."""
    batch = []
    for layer in leaves(model):
        kind = type(layer).__name__
        if kind == "DepthwiseConv2D":
            shapes = [np.prod(layer.kernel.shape[:2])]
            layer.kernel.assign(rng.normal(0, np.sqrt(2.0 / shapes[0]), layer.kernel.shape))
            if layer.use_bias:
                layer.bias.assign(value(rng, "bias", layer.bias.shape))
            continue
        if kind == "Normalization":
            continue  # mean and variance of ImageNet are in the options
        for weight in layer.weights:
            weight.assign(value(rng, weight.name, weight.shape))
        if kind == "BatchNormalization":
            layer.momentum = 0.0
            batch.append(layer)
        if kind in ("BatchNormalization", "Conv2D") and ends_branch(layer):
            strongest = layer.gamma if kind == "BatchNormalization" else layer.kernel
            strongest.assign(gain * strongest.numpy())
    if batch:
        model(images, training=True)
    for layer in batch:
        variance = layer.moving_variance.numpy()
        # A channel that hardly varies in so small a batch would be blown up, and its rounding too.
        variance = np.maximum(variance, 0.2 * variance.mean()) + 1e-3
        noise = 0.1 * rng.normal(0, 1, variance.shape)
        layer.moving_mean.assign(layer.moving_mean.numpy() + noise * np.sqrt(variance))
        layer.moving_variance.assign(variance * rng.uniform(0.8, 1.25, variance.shape))


def pictures(rng, shape):
    """Return images from 0 to 255 of a few coloured blocks each, with noise."""
    blocks = rng.uniform(0, 255, (BATCH, 3, 4, 3))
    rows = np.arange(shape[0]) * 3 // shape[0]
    columns = np.arange(shape[1]) * 4 // shape[1]
    images = blocks[:, rows][:, :, columns] + rng.normal(0, 20, (BATCH, *shape))
    return np.clip(images, 0, 255).astype("float32")


def calm(model, images, rng):
    """Let the last layer's values differ by about 1 between images and between classes.

    What all images have in common goes into the bias, else it makes one class win always. Values
    that saturate the softmax hide how far they are off, so this takes some rounds.
    """
    last = list(leaves(model))[-1]
    for _ in range(6):
        probabilities = np.maximum(model(images, training=False).numpy(), 1e-30)
        logits = np.log(probabilities)
        logits -= logits.mean(axis=-1, keepdims=True)
        common = logits.mean(axis=0)
        factor = np.clip(1.0 / max((logits - common).std(), 1e-6), 0.05, 20.0)
        last.kernel.assign(last.kernel.numpy() * factor)
        last.bias.assign((last.bias.numpy() - common) * factor)
    last.bias.assign(last.bias.numpy() + rng.normal(0, 1, last.bias.shape))


def main():
    """Make the models that are asked for, or all."""
    import keras

    folder = pathlib.Path(sys.argv[1])
    known = functions(keras.applications)
    wanted = sys.argv[2:] or sorted(known)
    for name in wanted:
        keras.backend.clear_session()
        model = make(keras, known[name])
        shape = model.input_shape[1:]
        for gain in GAINS:
            rng = np.random.RandomState(zlib.crc32(name.encode()) % 2**32)
            images = pictures(rng, shape)
            if not takes_pixels(model):
                images = images / 127.5 - 1.0
            randomize(keras, model, images, rng, gain)
            calm(model, images, rng)
            predictions = model.predict(images[:IMAGES], verbose=0)
            change = 1.0 + CHANGE * rng.choice([-1.0, 1.0], images[:IMAGES].shape)
            changed = model.predict((images[:IMAGES] * change).astype("float32"), verbose=0)
            apart = np.abs(predictions - predictions[:1]).max()
            if np.abs(changed - predictions).max() < STEADY and apart > APART:
                break
        where = folder / name
        where.mkdir(parents=True)
        (where / "architecture.json").write_text(model.to_json(), encoding="utf-8")
        model.save_weights(str(where / "model.weights.h5"))
        np.savez(str(where / "goldens.npz"), inputs=images[:IMAGES], outputs=predictions)
        said = {"name": name, "parameters": int(model.count_params()), "shape": list(shape)}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        del model
        if not sys.stdin.readline():
            return


if __name__ == "__main__":
    main()
