"""What the Python that has Keras does for the tests; its answers are JSON.

driver.py push STORE IMAGE MODEL=FILE,FILE...    push with the engine `keras`, open, classify
driver.py open STORE IMAGE MODEL                 open what the first stage serves, and classify
driver.py save FOLDER                            save models that cannot be compiled
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from understudy import wiring
from understudy.errors import UnderstudyError


def answered(store: str, image: str, model: str) -> dict[str, Any]:
    """What the model answers, by its labels."""
    with wiring.open_model(model, store=store) as opened:
        found = opened.classify(image, top_k=100).predictions
    return {prediction.label: prediction.probability for prediction in found}


def pushed(store: str, image: str, model: str, files: list[str]) -> dict[str, Any]:
    """What the model answers, or why there is none."""
    options = wiring.compile_options(engine="keras")
    try:
        wiring.push_files([Path(file) for file in files], model, store=store, options=options)
        return {"answer": answered(store, image, model)}
    except UnderstudyError as error:
        return {"error": str(error)}


def save_models(folder: str) -> None:
    """Save models that cannot be compiled, and what Keras answers."""
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(1)
    middles: dict[str, list[Any]] = {
        "lambda": [
            layers.Lambda(lambda x: x * 2.0 - 1.0, name="centred"),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ],
        "spectral": [
            layers.SpectralNormalization(layers.Conv2D(4, 3, activation="relu")),
            layers.AutoContrast(value_range=(0, 1)),
            layers.GlobalMaxPooling2D(),
        ],
    }
    for name, middle in middles.items():
        last = layers.Dense(3, activation="softmax")
        model = keras.Sequential([keras.Input((8, 8, 3)), *middle, last])
        model.compile(loss="categorical_crossentropy")
        save(model, Path(folder, name))


def save(model: Any, folder: Path) -> None:
    """Save a model as two files, with goldens."""
    import numpy as np

    folder.mkdir()
    inputs = np.random.default_rng(1).random((2, 8, 8, 3), np.float32)
    (folder / "architecture.json").write_text(model.to_json())
    model.save_weights(folder / "model.weights.h5")
    np.savez(folder / "goldens.npz", inputs=inputs, outputs=model.predict(inputs, verbose=0))


def main(command: str, *arguments: str) -> None:
    """Do it."""
    from understudy.engine.session import import_keras

    import_keras()
    if command == "save":
        save_models(*arguments)
        done: dict[str, Any] = {}
    elif command == "open":
        try:
            done = {"answer": answered(*arguments)}
        except UnderstudyError as error:
            done = {"error": str(error)}
    else:
        store, image, *models = arguments
        cases = [model.partition("=") for model in models]
        done = {name: pushed(store, image, name, files.split(",")) for name, _, files in cases}
    print(json.dumps(done))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
