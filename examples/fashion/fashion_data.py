"""Read Fashion-MNIST, and write the 30 example images.

The data set comes as four gzipped files in the "idx" format. That format is
simple: a short header with the shape, then the raw bytes.

Run this file to write examples/fashion/images/ again:

    python fashion_data.py
"""

from __future__ import annotations

import argparse
import csv
import gzip
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent

#: Where the Debian package dataset-fashion-mnist puts its files.
DEFAULT_DATA = Path("/usr/share/datasets/fashion-mnist")

#: The class names, in the order of the label numbers 0 to 9.
LABELS = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]


def read_idx(path: Path) -> np.ndarray:
    """Read one gzipped idx file of unsigned bytes."""
    raw = gzip.decompress(path.read_bytes())
    if raw[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path} is not an idx file of unsigned bytes")
    dimensions = raw[3]
    shape = np.frombuffer(raw, dtype=">u4", count=dimensions, offset=4)
    pixels = np.frombuffer(raw, dtype=np.uint8, offset=4 + 4 * dimensions)
    return pixels.reshape([int(n) for n in shape])


def load_split(data: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (n, 28, 28) and labels (n,) of "train" or "t10k"."""
    images = read_idx(data / f"{split}-images-idx3-ubyte.gz")
    labels = read_idx(data / f"{split}-labels-idx1-ubyte.gz")
    return images, labels


def to_tensor(images: np.ndarray) -> np.ndarray:
    """Turn bytes (n, 28, 28) into float32 (n, 28, 28, 1), scaled to 0..1."""
    return images[..., np.newaxis].astype(np.float32) / np.float32(255)


def first_of_each_class(labels: np.ndarray, count: int) -> list[int]:
    """Return the positions of the first `count` images of every class."""
    chosen = [np.flatnonzero(labels == k)[:count] for k in range(len(LABELS))]
    return sorted(int(i) for i in np.concatenate(chosen))


def write_images(data: Path, folder: Path) -> None:
    """Write the first three test images of each class, and truth.csv."""
    from PIL import Image

    images, labels = load_split(data, "t10k")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "label"])
        for index in first_of_each_class(labels, 3):
            name = f"test-{index:05d}.png"
            Image.fromarray(images[index]).save(folder / name, optimize=True)
            writer.writerow([name, LABELS[labels[index]]])


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the 30 example images.")
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, help="folder with the four idx files"
    )
    parser.add_argument("--out", type=Path, default=HERE / "images", help="folder to write")
    args = parser.parse_args()
    write_images(args.data, args.out)
    print(f"wrote {args.out}")


if __name__ == "__main__":
    main()
