"""Load a trained model again in real Keras and count its right answers.

    python check.py first
    python check.py better

Use the same Keras that trained the model.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from fashion_data import DEFAULT_DATA, HERE, load_split, to_tensor
from PIL import Image
from tensorflow import keras


def load_model(folder: Path) -> keras.Model:
    """Build the model from its JSON and fill in the weights."""
    text = (folder / "architecture.json").read_text(encoding="utf-8")
    model = keras.models.model_from_json(text)
    (weights,) = folder.glob("*.h5")
    model.load_weights(str(weights))
    return model


def load_examples(folder: Path) -> tuple[np.ndarray, list[str]]:
    """Read the example images from their PNG files, with their true labels."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    images = [np.asarray(Image.open(folder / row["image"])) for row in rows]
    return np.stack(images), [row["label"] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description="Check a trained model.")
    parser.add_argument("model", choices=["first", "better"])
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="folder with the four idx files"
    )
    args = parser.parse_args()

    folder = HERE / args.model
    names = (folder / "labels.txt").read_text(encoding="utf-8").splitlines()
    model = load_model(folder)
    print(f"{args.model}, loaded in Keras {keras.__version__}")

    images, truth = load_examples(HERE / "images")
    outputs = model.predict(to_tensor(images), verbose=0)
    answers = [names[k] for k in outputs.argmax(axis=1)]
    right = sum(a == t for a, t in zip(answers, truth))
    print(f"example images: {right} of {len(truth)} right")

    images, labels = load_split(args.data, "t10k")
    answers = model.predict(to_tensor(images), verbose=0).argmax(axis=1)
    print(f"test images:    {(answers == labels).sum()} of {len(labels)} right")

    with np.load(folder / "goldens.npz") as goldens:
        outputs = model.predict(goldens["inputs"], verbose=0)
        difference = np.abs(outputs - goldens["outputs"]).max()
    print(f"goldens:        largest difference {difference:.1e}")


if __name__ == "__main__":
    main()
