"""Make random models with one real Keras, one after the other, in every format that it writes.

    PYTHONPATH=tests/golden /opt/keras-envs/keras-2.0.6/bin/python make_random.py \
        FOLDER keras SEED COUNT

Prints a JSON line for each model when FOLDER holds its files and what this Keras predicts, and
waits for a line on stdin before it makes the next. The last line counts what was thrown away.
Run by random_models.py, under every Keras that there is.

Rules: a seed gives one model. It is thrown away if this Keras cannot run it, or if nobody could
learn from it: outputs that no image changes, that are huge, or that magnify rounding. A format
that this Keras cannot write is left out. Python 3.6 syntax.
"""

import json
import os
import pathlib
import shutil
import sys
import warnings

import numpy as np
from maker.files import ports
from maker.flavours import Library
from maker.formats import SHARD
from maker.weights import leaves, predict, randomize
from random_maker.draw import Draw
from random_maker.graphs import whole_model

BATCH = 3
PER_MODEL = 6
"""How many seeds are tried for each model that is asked for, on average."""

MOST_PARAMETERS = 200000

HUGE = 1e3
TINY = 1e-3
"""The largest output that is kept, and the least difference between two images' outputs."""

NOISE = {True: (1e-3, 4e-3), False: (1e-6, 3e-5)}
"""With float16 or without: how much the inputs are moved, and how far outputs may follow, as a
share of the largest. What goes further magnifies rounding, and no two programs agree."""


class Dull(Exception):
    """The model proves too little; the text says why."""


def build(k, seed: int):
    """A model, the sizes and dtypes of its inputs, and its dice."""
    draw = Draw(k, seed)
    precision(k, "mixed_float16" if draw.half else "float32")
    try:
        model, sizes = whole_model(draw)
    finally:
        precision(k, "float32")
    return model, sizes, draw


def precision(k, policy: str) -> None:
    """Let layers that are made from now on compute so."""
    if k.generation == 3:
        k.keras.mixed_precision.set_dtype_policy(policy)
    elif k.flavour == "tf.keras" and k.minor >= 4:
        k.keras.mixed_precision.set_global_policy(policy)


def arrays(rng, sizes):
    """Random inputs."""
    found = []
    for size, dtype in sizes:
        if dtype == "int32":
            found.append(rng.randint(0, 10, (BATCH, *size)).astype(dtype))
        else:
            found.append((np.round(rng.normal(0, 1, (BATCH, *size)) * 16) / 16).astype(dtype))
    return found


def train(k, model, inputs, draw: Draw) -> str:
    """Sometimes compile the model, and train it for a step; what was done."""
    if not draw.chance(0.35):
        return "plain"
    ends = len(model.outputs)
    model.compile(optimizer=draw.pick(("adam", "sgd", "rmsprop")), loss=["mse"] * ends)
    if not draw.chance(0.4):
        return "compiled"
    targets = predict(model, inputs)
    one = inputs if len(inputs) > 1 else inputs[0]
    k.fit(model, one, targets if ends > 1 else targets[0])
    return "fitted"


def check(model, inputs, outputs, half: bool, rng) -> None:
    """Raise Dull where a wrong answer could not be seen, or a right one not be told from it."""
    for output in outputs:
        if not np.all(np.isfinite(output)) or np.abs(output).max() > HUGE:
            raise Dull("huge")
    if all(np.abs(output - output[:1]).max() < TINY for output in outputs):
        raise Dull("no image changes it")
    noise, most = NOISE[half]
    moved = [
        x if x.dtype == "int32" else (x * (1 + noise * rng.normal(0, 1, x.shape))).astype(x.dtype)
        for x in inputs
    ]
    for output, again in zip(outputs, predict(model, moved)):
        difference = np.abs(again.astype("float64") - output.astype("float64")).max()
        if not difference <= most * max(1.0, np.abs(output).max()):
            raise Dull("magnifies rounding")


def written(k, model, folder) -> list:
    """Write every format; the names of the files of each."""
    sets = [("model.h5",)]
    if k.generation < 3:
        sets.append(("architecture.json", "weights.h5"))
    if k.writes_zip:
        sets += [("architecture.json", "model.weights.h5"), ("model.keras",)]
    for name in sorted({name for names in sets for name in names} - {"architecture.json"}):
        save = model.save if name in ("model.h5", "model.keras") else model.save_weights
        attempt(save, folder / name)
    if k.generation < 3 and attempt(yaml(model), folder / "architecture.yaml"):
        sets.append(("architecture.yaml", "weights.h5"))
    if k.generation == 3:
        shards = folder / "sharded"
        shards.mkdir()
        if attempt(sharded(model), shards / "model.weights.json"):
            for path in shards.iterdir():
                shutil.move(str(path), str(folder / path.name))
            names = sorted(path.name for path in folder.glob("model_*.weights.h5"))
            sets.append(("architecture.json", "model.weights.json", *names))
        shutil.rmtree(str(shards))
    return [names for names in sets if all((folder / name).exists() for name in names)]


def attempt(save, path) -> bool:
    """Save; where this Keras cannot, leave nothing behind."""
    if not attempt_to(lambda: save(str(path))) and path.exists():
        path.unlink()
    return path.exists()


def attempt_to(do) -> bool:
    """Do it, if this Keras can: what it raises differs from version to version."""
    try:
        do()
    except Exception:
        return False
    return True


def yaml(model):
    """What writes `model.to_yaml()`."""
    return lambda path: pathlib.Path(path).write_text(model.to_yaml(), encoding="utf-8")


def sharded(model):
    """What writes weights in several files."""
    return lambda path: model.save_weights(path, max_shard_size=SHARD / 1024.0**3)


def make(k, seed: int, folder) -> dict:
    """Make one model's files; what there is to know of it."""
    k.clear()
    if seed % 4 == 0:  # automatic names go on counting from another model's
        attempt_to(lambda: build(k, seed + 1))
    model, sizes, draw = build(k, seed)
    if model.count_params() > MOST_PARAMETERS:
        raise Dull("large")
    if model.count_params() == 0:
        raise Dull("no weights")
    text = model.to_json()
    names = {side + "s": ports(model, side) for side in ("input", "output")}
    for port in names["inputs"]:  # Keras 1 numbers the inputs that a Sequential makes itself
        port["reported"] = port["reported"] and (k.generation > 1 or port["name"] in text)
    twice = draw.chance(0.1)
    if twice:  # the weights are another instance's, whose automatic names are others
        model, sizes, draw = build(k, seed)
        draw.chance(0.1)
    rng = np.random.RandomState(seed % 2**32)
    inputs = arrays(rng, sizes)
    state = train(k, model, inputs, draw)
    randomize(model, seed % 2**32, draw.pick((0.8, 1.0, 1.3)))
    outputs = predict(model, inputs)
    check(model, inputs, outputs, draw.half, rng)
    folder.mkdir(parents=True)
    (folder / "architecture.json").write_text(text, encoding="utf-8")
    sets = written(k, model, folder)
    if twice:
        sets = [files for files in sets if "architecture.json" in files]
    values = {f"input_{number}": value for number, value in enumerate(inputs)}
    values.update({f"output_{number}": value for number, value in enumerate(outputs)})
    np.savez(str(folder / "goldens.npz"), **values)
    return {
        "seed": seed,
        "sets": sets,
        "half": draw.half,
        "saved": state,
        "layers": sorted({type(layer).__name__ for layer in leaves(model)}),
        **names,
    }


def say(what: dict) -> None:
    """Tell the other side."""
    sys.stdout.write("\n" + json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Make COUNT models from SEED on."""
    warnings.simplefilter("ignore")
    root, flavour = pathlib.Path(sys.argv[1]), sys.argv[2]
    seed, count = int(sys.argv[3]), int(sys.argv[4])
    k = Library(flavour)
    made, thrown = 0, {}
    for number in range(seed, seed + (PER_MODEL * count if count > 1 else 1)):
        folder = root / str(number)
        try:
            about = make(k, number, folder)
        except Exception as error:
            if os.environ.get("RANDOM_TRACEBACK"):
                raise
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:80]}"
            thrown[reason] = thrown.get(reason, 0) + 1
            shutil.rmtree(str(folder), ignore_errors=True)
            continue
        made += 1
        say(about)
        if not sys.stdin.readline() or made == count:
            break
    say({"thrown": thrown, "label": k.label})


if __name__ == "__main__":
    main()
