"""Train a small image classifier on Fashion-MNIST with Keras.

There are two models:

    first   an honest first try: one small convolution, one epoch
    better  more filters, batch normalization, dropout, more epochs

Both work with an old Keras (the one inside TensorFlow 2.4) and with Keras 3:

    python train.py first
    python train.py better

Each run writes one folder with all that is needed to serve the model.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

from fashion_data import DEFAULT_DATA, HERE, LABELS, load_split, to_tensor

SEED = 20200523

#: How many of the 60,000 training images we keep back to watch progress.
VALIDATION = 5000

#: How many test images go into goldens.npz.
GOLDENS = 16

KERAS_3 = int(keras.__version__.split(".")[0]) >= 3


def first_model() -> keras.Model:
    """Return the first try: one convolution, then straight to the answer."""
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ],
        name="first",
    )


def better_model() -> keras.Model:
    """Return the better model: four convolutions in three blocks.

    A convolution that is followed by batch normalization needs no bias,
    because the normalization has its own.
    """

    def convolution(x, filters: int):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        return layers.Activation("relu")(x)

    image = keras.Input(shape=(28, 28, 1))

    x = convolution(image, 16)
    x = layers.MaxPooling2D()(x)  # 28x28 -> 14x14
    x = layers.Dropout(0.1)(x)

    x = convolution(x, 32)
    x = convolution(x, 32)
    x = layers.MaxPooling2D()(x)  # 14x14 -> 7x7
    x = layers.Dropout(0.2)(x)

    x = convolution(x, 64)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    answer = layers.Dense(10, activation="softmax")(x)

    return keras.Model(image, answer, name="better")


def learning_rate(epoch: int, epochs: int) -> float:
    """Start at 0.003 and go down to almost nothing in the last epoch."""
    return 0.003 * (1 + np.cos(np.pi * epoch / epochs)) / 2


def train(model: keras.Model, data: Path, epochs: int) -> None:
    """Train the model. The test images are not used here."""
    images, labels = load_split(data, "train")
    x, y = to_tensor(images), labels.astype(np.int32)

    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )

    def slow_down(epoch: int, current: float) -> float:
        return learning_rate(epoch, epochs)

    callbacks = []
    if epochs > 1:
        callbacks.append(keras.callbacks.LearningRateScheduler(slow_down))
    model.fit(
        x[:-VALIDATION],
        y[:-VALIDATION],
        validation_data=(x[-VALIDATION:], y[-VALIDATION:]),
        batch_size=64,
        epochs=epochs,
        callbacks=callbacks,
        verbose=2,
    )


def test_accuracy(model: keras.Model, data: Path) -> float:
    """Return the share of the 10,000 test images that the model gets right."""
    images, labels = load_split(data, "t10k")
    answers = model.predict(to_tensor(images), verbose=0).argmax(axis=1)
    return float((answers == labels).mean())


def write_files(model: keras.Model, data: Path, folder: Path) -> None:
    """Write the model, and what one needs to know to use it."""
    folder.mkdir(parents=True, exist_ok=True)

    # The model: its shape as JSON, its numbers as HDF5.
    # Keras 3 accepts only names that end in ".weights.h5".
    (folder / "architecture.json").write_text(model.to_json(), encoding="utf-8")
    weights = "model.weights.h5" if KERAS_3 else "weights.h5"
    model.save_weights(str(folder / weights))

    # What the outputs mean, and how an image becomes an input.
    (folder / "labels.txt").write_text("\n".join(LABELS) + "\n", encoding="utf-8")
    preprocess = {"color": "grayscale", "resize": "pillow/bilinear", "scale": "0..1"}
    (folder / "preprocess.json").write_text(json.dumps(preprocess) + "\n", encoding="utf-8")

    # Golden answers: the first test images, and what Keras says about them.
    images, _ = load_split(data, "t10k")
    inputs = to_tensor(images[:GOLDENS])
    outputs = model.predict(inputs, verbose=0)
    np.savez_compressed(folder / "goldens.npz", inputs=inputs, outputs=outputs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a Fashion-MNIST model.")
    parser.add_argument("model", choices=["first", "better"])
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="folder with the four idx files"
    )
    parser.add_argument(
        "--out", type=Path, default=None, help="folder to write (default: next to this script)"
    )
    parser.add_argument(
        "--epochs", type=int, default=None, help="default: 1 for first, 10 for better"
    )
    args = parser.parse_args()

    random.seed(SEED)
    np.random.seed(SEED)
    tf.random.set_seed(SEED)

    if args.model == "first":
        model, epochs = first_model(), args.epochs or 1
    else:
        model, epochs = better_model(), args.epochs or 10

    print(
        f"Python {platform.python_version()}, TensorFlow {tf.__version__}, "
        f"Keras {keras.__version__}, NumPy {np.__version__}"
    )
    print(f"model: {args.model}, {model.count_params():,} parameters")
    train(model, args.data, epochs)
    write_files(model, args.data, args.out or HERE / args.model)
    print(f"test accuracy on 10,000 images: {test_accuracy(model, args.data):.4f}")


if __name__ == "__main__":
    main()
