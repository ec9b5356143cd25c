"""Make what the real libraries answer: `python make.py LIBRARY [FOLDER]`.

LIBRARY is tensorflow, opencv (opencv-python-headless), skimage (scikit-image), or keras (Keras 3,
TensorFlow and Pillow); it runs in an environment that has it. Writes `FOLDER/LIBRARY.npz`:
`in/<image>`, `<method>/<image>/<height>x<width>`, and `version`. With a folder, images are larger
and more; without, they are few and small, and kept here.
"""

import pathlib
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).parent
SMALL = [((23, 31), (8, 9)), ((7, 5), (16, 13)), ((33, 20), (20, 21)), ((24, 36), (12, 18))]
LARGE = [
    ((97, 131), (32, 32)),
    ((300, 211), (64, 48)),
    ((20, 31), (64, 77)),
    ((64, 64), (32, 32)),
    ((50, 200), (100, 50)),
    ((33, 33), (34, 32)),
    ((8, 5), (7, 3)),
    ((1, 5), (7, 3)),
    ((240, 320), (224, 224)),
    ((600, 900), (200, 300)),
    ((20, 30), (40, 60)),
    ((128, 96), (64, 32)),
    ((1200, 1600), (224, 224)),
]
TENSORFLOW = ("bilinear", "bicubic", "lanczos3", "lanczos5", "mitchellcubic", "gaussian")


def pictures(size, rng):
    """Return a picture of noise, one of waves and ramps, and one of sharp letters."""
    height, width = size
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin(x / 7 + y / 11), 128 + 90 * np.cos(x * y / 900), x * 5 + y * 3]
    letters = np.where((x // 3 + y // 4) % 5 < 2, 0, 255)
    return {
        "noise": rng.integers(0, 256, (height, width, 3), dtype=np.uint8),
        "waves": np.clip(np.stack(waves, -1) % 256, 0, 255).astype(np.uint8),
        "letters": np.repeat(letters[:, :, None], 3, 2).astype(np.uint8),
    }


def tensorflow():
    """Return the version, and name -> how."""
    import tensorflow as tf

    def method(name, antialias):
        return lambda image, size: tf.image.resize(image, size, name, antialias=antialias).numpy()

    found = {name: method(name, False) for name in ("nearest", "area", *TENSORFLOW)}
    found.update({f"{name}+antialias": method(name, True) for name in TENSORFLOW})
    return tf.__version__, found


def opencv():
    """Return the version, and name -> how."""
    import cv2

    def method(name):
        flag = getattr(cv2, f"INTER_{name.upper()}")
        return lambda image, size: cv2.resize(image, size[::-1], interpolation=flag)

    names = ("nearest", "linear", "area", "cubic", "lanczos4")
    return cv2.__version__, {name: method(name) for name in names}


def skimage():
    """Return the version, and name -> how."""
    import skimage
    from skimage.transform import resize

    def method(order, blur):
        return lambda image, size: resize(
            image, size, order=order, anti_aliasing=blur, preserve_range=True
        ).astype(np.float32)

    found = {str(order): method(order, False) for order in (0, 1, 3)}
    found.update({f"{order}+antialias": method(order, True) for order in (1, 3)})
    return skimage.__version__, found


def keras(folder):
    """Write what Keras makes of files when it keeps their proportions, and when it does not."""
    from PIL import Image

    import keras

    rng = np.random.default_rng(0)
    found = {"version": np.array(keras.__version__)}
    target = (24, 20)
    for size in ((37, 51), (60, 41), (17, 44)):
        name = f"{size[0]}x{size[1]}"
        found[f"in/{name}"] = pictures(size, rng)["noise"]
        with tempfile.TemporaryDirectory() as made:
            path = pathlib.Path(made, "class", "image.png")
            path.parent.mkdir()
            Image.fromarray(found[f"in/{name}"]).save(path)
            pixels = found[f"in/{name}"].astype("float32")
            layer = keras.layers.Resizing(*target, pad_to_aspect_ratio=True)
            found[f"layer/pad_to_aspect_ratio/{name}"] = np.asarray(layer(pixels))
            for fit, said in (
                ("stretch", {}),
                ("crop_to_aspect_ratio", {"crop_to_aspect_ratio": True}),
                ("resize_with_pad", {"pad_to_aspect_ratio": True}),
            ):
                (image,) = keras.utils.image_dataset_from_directory(
                    made, labels=None, image_size=target, batch_size=None, verbose=False, **said
                )
                found[f"dataset/{fit}/{name}"] = np.asarray(image)
            for fit, keep in (("stretch", False), ("crop_to_aspect_ratio", True)):
                image = keras.utils.load_img(
                    path, target_size=target, interpolation="bilinear", keep_aspect_ratio=keep
                )
                found[f"load_img/{fit}/{name}"] = keras.utils.img_to_array(image)
    np.savez_compressed(folder / "keras.npz", **found)


def main():
    """Make one library's file."""
    library = sys.argv[1]
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else HERE
    if library == "keras":
        keras(folder)
        return
    version, methods = {"tensorflow": tensorflow, "opencv": opencv, "skimage": skimage}[library]()
    rng = np.random.default_rng(0)
    found = {"version": np.array(version)}
    for size, target in SMALL if folder == HERE else LARGE:
        for kind, image in pictures(size, rng).items():
            if folder == HERE and kind != "noise" and size != SMALL[0][0]:
                continue
            name = f"{kind}{size[0]}x{size[1]}"
            found[f"in/{name}"] = image
            for method, resize in methods.items():
                found[f"{method}/{name}/{target[0]}x{target[1]}"] = resize(image, target)
    np.savez_compressed(folder / f"{library}.npz", **found)


if __name__ == "__main__":
    main()
