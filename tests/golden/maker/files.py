"""Save one model with the Keras that built it, and what that Keras predicts for it.

Rules: a file that Keras cannot save, or cannot read back, is a finding: the manifest says
so. Names in the manifest are those of the architecture, not of the instance that the
weights came from. Python 3.6 syntax.
"""

import json
import platform
import shutil
import zlib

import h5py
import numpy as np

from maker.weights import IMAGES, TOLERANCE, images, leaves, predict, randomize, settle


def one_step(k, model, inputs, outputs, full):
    """Compile, and train for one step where the whole file shall hold optimizer state."""
    if full == "plain":
        return
    optimizer = "adam" if full == "fitted" else k.keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
    if full == "fitted":
        width = outputs[0].shape[1]
        k.fit(model, inputs[0], np.eye(width, dtype="float32")[np.arange(IMAGES) % width])


def instances(k, case):
    """Return the architecture's JSON, its signature, and the model whose weights are saved."""
    k.clear()
    model = case.build(k)
    text = model.to_json()
    signature = {side: ports(model, side) for side in ("input", "output")}
    if case.weights_from == "second":
        model = case.build(k)
    elif case.weights_from == "shifted":
        k.clear()
        k.layers.Conv2D(2, 1)(k.Input((4, 4, 3)))
        model = case.build(k)
    return text, signature, model


def named(names, arrays):
    """Return the arrays as goldens.npz names them: one plain, several below a folder."""
    if len(arrays) == 1:
        return {"": arrays[0]}
    return {"/" + name: array for name, array in zip(names, arrays)}


def save_goldens(path, input_names, inputs, output_names, outputs):
    """Write inputs and outputs as one compressed npz."""
    arrays = {"inputs" + key: value for key, value in named(input_names, inputs).items()}
    arrays.update(
        {"outputs" + key: value for key, value in named(output_names, outputs).items()}
    )
    np.savez_compressed(str(path), **arrays)


def problem(error):
    """Return an error's class and the beginning of its text, in one line."""
    # TensorFlow puts a stack before `Node:`, and places in its own sources after `[[`.
    text = " ".join(str(error).split()).split("Node: ")[-1].split(" [[")[0]
    return "%s: %s" % (type(error).__name__, text[:200])


def same_again(make, inputs, outputs):
    """Return whether Keras' own reading predicts the same: `same`, or what went wrong."""
    try:
        again = predict(make(), inputs)
    except Exception as error:  # a finding, not a failure: it is written down
        return problem(error)
    worst = max(float(np.abs(new - old).max()) for new, old in zip(again, outputs))
    return "same" if worst < TOLERANCE / 10 else "differs by %.6f" % worst


def save_model(k, folder, text, model, case, settled, inputs):
    """Write every file of one model; return which, how Keras reads them, what it can't save."""
    outputs, seed, gain = settled
    files = {"architecture": "architecture.json"}
    (folder / "architecture.json").write_text(text, encoding="utf-8")
    if case.full:
        one_step(k, model, inputs, outputs, case.full)
        randomize(model, seed, gain)
    weights = {}
    if k.generation < 3:
        weights["weights"] = "weights.h5"
    if k.writes_zip and (k.generation >= 3 or case.full):
        weights["weights" if k.generation >= 3 else "weights_v3"] = "model.weights.h5"
    for name in weights.values():
        model.save_weights(str(folder / name))
    whole = {}
    if case.full:
        whole["whole_h5"] = "model.h5"
        if k.writes_zip:
            whole["whole_zip"] = "model.keras"
    not_saved = {}
    for kind, name in sorted(whole.items()):
        try:
            model.save(str(folder / name))
        except Exception as error:  # a finding about this version: it is written down
            not_saved[whole.pop(kind)] = problem(error)
            (folder / name).unlink()
    files.update(weights)
    files.update(whole)
    for extra in getattr(case, "extras", ()):
        files.update(extra(k, model, folder))
    files = {what: name for what, name in files.items() if (folder / name).exists()}
    weights = {what: name for what, name in weights.items() if what in files}
    whole = {what: name for what, name in whole.items() if what in files}

    def parts(name):
        again = k.keras.models.model_from_json(text)
        again.load_weights(str(folder / name))
        return again

    reads = {}
    for name in weights.values():
        reads[name] = same_again(lambda name=name: parts(name), inputs, outputs)
    for name in whole.values():
        reads[name] = same_again(
            lambda name=name: k.keras.models.load_model(str(folder / name)), inputs, outputs
        )
    return files, reads, not_saved


def tensor_shape(tensor):
    """Return a symbolic tensor's shape as a list, with None for what is free."""
    shape = getattr(tensor, "_keras_shape", None) or tensor.shape
    # TensorFlow 1 has Dimension objects there.
    sizes = [getattr(size, "value", size) for size in tuple(shape)]
    return [None if size is None else int(size) for size in sizes]


def ports(model, side):
    """Return name, tensor name and shape of each `input` or `output`.

    The name is what `input_names` and `output_names` say where the model has them
    (`reported`), else the name of the layer that the tensor comes from.
    """
    tensors = getattr(model, side + "s")
    names = getattr(model, side + "_names", None)
    return [
        {
            "name": names[index] if names else tensor._keras_history[0].name,
            "reported": bool(names),
            "tensor": getattr(tensor, "name", None),
            "shape": tensor_shape(tensor),
        }
        for index, tensor in enumerate(tensors)
    ]


def make(k, name, case, root):
    """Make one model's folder; return a line about it."""
    text, signature, model = instances(k, case)
    rng = np.random.RandomState(zlib.crc32(("images of " + name).encode()))
    inputs = [images(rng, size) for size in case.sizes]
    settled = settle(model, inputs, name)
    outputs, seed, gain = settled
    folder = root / name
    if folder.exists():
        shutil.rmtree(str(folder))
    folder.mkdir(parents=True)
    input_names = [port["name"] for port in signature["input"]]
    output_names = [port["name"] for port in signature["output"]]
    goldens = ["goldens.npz"]
    save_goldens(folder / "goldens.npz", input_names, inputs, output_names, outputs)
    for number, size in enumerate(case.also, 2):
        other = [images(rng, size)]
        goldens.append("goldens_%d.npz" % number)
        save_goldens(folder / goldens[-1], input_names, other, output_names, predict(model, other))
    files, reads, not_saved = save_model(k, folder, text, model, case, settled, inputs)
    manifest = {
        "model": name,
        "about": case.build.__doc__.strip(),
        "flavour": k.flavour,
        "keras_version": k.version,
        "backend": k.backend,
        "tensorflow_version": k.tensorflow.__version__ if k.tensorflow else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "layers": sorted({type(layer).__name__ for layer in leaves(model)}),
        "parameters": int(model.count_params()),
        "files": dict(files, goldens=goldens),
        "keras_reads_them_back": reads,
        "keras_could_not_save": not_saved,
        "whole_file": case.full or None,
        "weights_from": case.weights_from,
        "inputs": signature["input"],
        "outputs": signature["output"],
        "tolerance": getattr(case, "tolerance", TOLERANCE),
        "seed": seed,
        "gain": gain,
    }
    (folder / "manifest.json").write_text(
        json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    size = sum(path.stat().st_size for path in folder.iterdir())
    wrong = {path: said for path, said in reads.items() if said != "same"}
    wrong.update(not_saved)
    return "%s/%s: %.0f kB%s" % (root.name, name, size / 1e3, " %s" % wrong if wrong else "")
