"""Images and weights that prove something: seeded, unsaturated, each weight felt.

Rules: the weights depend on the seed and on the model's own order of layers, nothing else;
a model whose outputs could hide an error is refused (Dull), not saved. Knows nothing of
files. Python 3.6 syntax.
"""

import re
import zlib

import numpy as np

TOLERANCE = 1e-4
GAINS = (1.0, 1.6, 0.7, 2.4, 1.3, 3.5, 0.5, 2.0)
"""How much louder than He's initialization the kernels are, tried in turn."""

IMAGES = 3
LEAST_DIFFERENCE = 0.05
LEAST_EFFECT = 10 * TOLERANCE
MOST_CERTAIN = 0.98


class Dull(Exception):
    """The weights tried give outputs that prove too little; the text says why."""


def images(rng, size):
    """Return IMAGES images that differ in colour, gradient and noise.

    Multiples of 1/16: exact in every float type, and small when compressed.
    """
    made = []
    for _ in range(IMAGES):
        image = rng.uniform(-1.0, 1.0, [1] * len(size))
        for axis, length in enumerate(size):
            shape = [1] * len(size)
            shape[axis] = length
            if length > 4:
                image = image + np.linspace(-1, 1, length).reshape(shape) * rng.uniform(-1, 1)
            else:
                image = image + rng.uniform(-0.8, 0.8, shape)
        made.append(image + rng.normal(0.0, 0.35, size))
    return (np.round(np.array(made) * 16) / 16).astype("float32")


def leaves(model, seen=None):
    """Yield the layers that hold weights themselves, each once, however deep."""
    seen = set() if seen is None else seen
    for layer in model.layers:
        while type(layer).__name__ in ("TimeDistributed", "SpectralNormalization"):
            layer = layer.layer  # their own order of weights differs from version to version
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        if hasattr(layer, "layers"):
            for leaf in leaves(layer, seen):
                yield leaf
        else:
            yield layer


def random_weight(rng, name, shape, gain):
    """Return random values that suit a weight of that name."""
    # TensorFlow 1 numbers a second variable of the same name: `first_conv_W_1:0`.
    last = re.sub(r"_\d+$", "", name.split("/")[-1].split(":")[0])
    if last.endswith(("variance", "running_std")):
        return rng.uniform(0.5, 1.5, shape)
    if last.endswith(("gamma", "scale", "score_weight")) or last.lower() == "variable":  # LayerScale's
        return rng.uniform(0.6, 1.6, shape)
    if last == "embeddings":
        return rng.normal(0.0, 1.0, shape)
    if last.endswith(("mean", "beta", "bias", "_b")):
        return rng.normal(0.0, 0.3, shape)
    if last.endswith(("alpha", "alphas")):
        return rng.uniform(0.05, 0.6, shape)
    if re.search(r"_b_[a-z]$", last):  # Keras 1 keeps gates apart
        return rng.normal(0.0, 0.3, shape)
    if not last.endswith("kernel") and not re.search(r"_[WU](_[a-z])?$", last):
        raise ValueError("no rule for a weight called " + name)
    axes = shape[:2] if "depthwise" in last else shape[:-1]
    return rng.normal(0.0, gain * np.sqrt(2.0 / np.prod(axes)), shape)


def random_array(rng, name, array, gain):
    """Return random values in the place of a weight; what counts something stays."""
    if str(array.dtype) == "int8":
        return rng.randint(-127, 128, array.shape).astype("int8")
    if str(array.dtype) == "int64" or "count" in name:
        return array
    if name == "kernel_scale":
        return rng.uniform(60.0, 200.0, array.shape).astype("float32")
    return random_weight(rng, name, array.shape, gain).astype("float32")


def randomize(model, seed, gain):
    """Give every layer random weights, batch statistics included."""
    rng = np.random.RandomState(seed)
    for layer in leaves(model):
        if layer.weights:
            arrays = layer.get_weights()
            change(
                model,
                layer,
                [
                    random_array(rng, weight.name, array, gain)
                    for weight, array in zip(layer.weights, arrays)
                ],
            )


def change(model, layer, arrays):
    """Give a layer of a model other weights. Normalization computes with copies of its own."""
    layer.set_weights(arrays)
    if type(layer).__name__ == "Normalization" and hasattr(layer, "finalize_state"):
        layer.finalize_state()
        model.predict_function = None


def predict(model, inputs):
    """Return the list of outputs."""
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def check_outputs(outputs):
    """Raise Dull unless the images have clearly different, unsaturated outputs."""
    for output in outputs:
        if not np.all(np.isfinite(output)):
            raise Dull("not finite")
        for one in range(len(output)):
            for other in range(one):
                difference = np.abs(output[one] - output[other]).max()
                if difference < LEAST_DIFFERENCE:
                    raise Dull("two images differ by %.4f only" % difference)
        probabilities = output.min() >= 0 and output.max() <= 1
        if probabilities and output.max() > MOST_CERTAIN:
            raise Dull("certainty %.4f" % output.max())
        if probabilities and output.shape[1] == 1 and output.min() < 1 - MOST_CERTAIN:
            raise Dull("certainty %.4f" % (1 - output.min()))
        if output.shape[1] > 1 and np.max(output) > 50:
            raise Dull("values up to %.1f" % np.max(output))


def check_effects(model, inputs, outputs):
    """Raise Dull unless a change of each single weight array changes the outputs."""
    for layer in leaves(model):
        arrays = layer.get_weights()
        for index in range(len(arrays)):
            name = getattr(layer.weights[index], "path", layer.weights[index].name)
            # A key's bias adds the same to all scores of a softmax: nothing can feel it.
            if "count" in name or "/key/bias" in name:
                continue
            changed = [np.array(array) for array in arrays]
            values = changed[index] * 1.3 + 0.1
            if str(arrays[index].dtype) == "int8":
                values = np.clip(np.round(values), -127, 127).astype("int8")
            changed[index] = values
            change(model, layer, changed)
            effect = max(
                np.abs(new - old).max() for new, old in zip(predict(model, inputs), outputs)
            )
            change(model, layer, arrays)
            if effect < LEAST_EFFECT:
                where = "weight %d of %s" % (index, layer.name)
                raise Dull("%s moves the outputs by %.6f only" % (where, effect))


def settle(model, inputs, name):
    """Find random weights that prove something; return the outputs, the seed, the gain."""
    reasons = []
    for attempt in range(64):
        seed = (zlib.crc32(name.encode()) + attempt) % 2**32
        gain = GAINS[attempt % len(GAINS)]
        randomize(model, seed, gain)
        outputs = predict(model, inputs)
        try:
            check_outputs(outputs)
            check_effects(model, inputs, outputs)
        except Dull as error:
            reasons.append("gain %.1f: %s" % (gain, error))
        else:
            return outputs, seed, gain
    raise Dull("; ".join(reasons[-len(GAINS):]))
