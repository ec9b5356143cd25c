"""Make what real libraries make of images in training: `python make.py LIBRARY`.

LIBRARY is keras (Keras 3, TensorFlow, Pillow, SciPy), tfkeras (tf.keras 2), torchvision, skimage
(scikit-image) or opencv (opencv-python-headless); it runs in an environment that has it. Writes
`LIBRARY.npz` beside this file: `in/<image>` (uint8 or uint16), `<what>/<image>`, and `version`.
"""

import pathlib
import re
import sys
import tempfile

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent
TARGET = (20, 24)
MEAN, STD = (110.5, 101.0, 95.25), (60.0, 61.5, 70.0)


def pictures():
    """Return name -> (H, W, 3) of uint8: noise on slopes, in several shapes, and one grey level."""
    rng = np.random.default_rng(0)
    found = {}
    for height, width in ((37, 51), (60, 41), (24, 24), (18, 66)):
        y, x = np.mgrid[:height, :width]
        slopes = np.stack([x * 4, y * 3, x + y], -1) + rng.integers(0, 90, (height, width, 3))
        found[f"{height}x{width}"] = (slopes % 256).astype(np.uint8)
    found["flat"] = np.full((20, 24, 3), 130, np.uint8)
    return found


def grey16():
    """Return (H, W) of uint16, whose low bytes matter."""
    y, x = np.mgrid[:45, :37]
    return ((y * 61 + x * 977 + (x * y) % 251) % 65536).astype(np.uint16)


def write(folder, name, pixels):
    """Write a PNG; return its path."""
    path = pathlib.Path(folder, "class", f"{name}.png")
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def preprocess_inputs(applications, pixels):
    """Return what each module's `preprocess_input` makes, and the module's default sizes."""
    found = {}
    for name in dir(applications):
        module = getattr(applications, name)
        if not hasattr(module, "preprocess_input") or name == "imagenet_utils":
            continue
        array = np.array(module.preprocess_input(pixels.astype("float32").copy()))
        found[f"applications/{name}"] = array
        text = pathlib.Path(sys.modules[module.preprocess_input.__module__].__file__).read_text()
        sizes = {int(size) for size in re.findall(r"default_size=(\d+)", text)}
        found[f"sizes/{name}"] = np.array(sorted(sizes))
    return found


def keras():
    """What Keras 3 does with files and with arrays, and TensorFlow with arrays."""
    import tensorflow as tf
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    import keras

    found = {"version": np.array(f"{keras.__version__}, TensorFlow {tf.__version__}")}
    images = pictures()
    found.update(preprocess_inputs(keras.applications, images["24x24"]))
    ways = {
        "samplewise_center": {"samplewise_center": True},
        "samplewise_std_normalization": {"samplewise_std_normalization": True},
        "rescaled": {"samplewise_std_normalization": True, "rescale": 1 / 255},
    }
    for name, pixels in images.items():
        found[f"in/{name}"] = pixels
        floats = pixels.astype("float32")
        found[f"per_image/{name}"] = tf.image.per_image_standardization(floats).numpy()
        found[f"per_image_bytes/{name}"] = tf.image.per_image_standardization(pixels).numpy()
        for way, said in ways.items():
            found[f"{way}/{name}"] = ImageDataGenerator(**said).standardize(floats.copy())
        generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
        generator.mean, generator.std = np.float32(MEAN), np.float32(STD)
        found[f"featurewise/{name}"] = generator.standardize(floats.copy())
        layer = keras.layers.Normalization(mean=MEAN, variance=np.square(STD))
        found[f"normalization/{name}"] = np.asarray(layer(floats))
        with tempfile.TemporaryDirectory() as folder:
            path = write(folder, name, pixels)
            (made,) = keras.utils.image_dataset_from_directory(
                folder, labels=None, image_size=TARGET, batch_size=None, verbose=False
            )
            found[f"keras-dataset/{name}"] = np.asarray(made)
            image = keras.utils.load_img(path, target_size=TARGET)
            found[f"keras-load-img/{name}"] = keras.utils.img_to_array(image)
            flow = ImageDataGenerator().flow_from_directory(
                folder, target_size=TARGET, class_mode=None, shuffle=False
            )
            found[f"keras-image-data-generator/{name}"] = next(iter(flow))[0]
    return found


def tfkeras():
    """`preprocess_input` of tf.keras 2, which has more modules."""
    import tensorflow as tf

    pixels = pictures()["24x24"]
    found = preprocess_inputs(tf.keras.applications, pixels)
    return {"version": np.array(tf.__version__), "in/24x24": pixels, **found}


def torchvision():
    """`Resize` and `CenterCrop` of Pillow images; with those of the ImageNet models around them."""
    import torch

    library = torch.library.Library("torchvision", "DEF")  # where its compiled part cannot be had
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
    from torchvision import transforms
    from torchvision.transforms import InterpolationMode

    found = {"version": np.array(torchvision.__version__)}
    for name, pixels in pictures().items():
        found[f"in/{name}"] = pixels
        image = Image.fromarray(pixels)
        for shorter, size in ((28, (20, 24)), (31, (31, 30)), (19, (24, 23)), (33, (16, 60))):
            for method in ("bilinear", "bicubic", "nearest"):
                crop = transforms.Compose(
                    [
                        transforms.Resize(shorter, InterpolationMode(method)),
                        transforms.CenterCrop(size),
                    ]
                )
                key = f"{method}-{shorter}-{size[0]}-{size[1]}/{name}"
                found[key] = np.asarray(crop(image))
        imagenet = transforms.Compose(
            [
                transforms.Resize(28),
                transforms.CenterCrop(24),
                transforms.ToTensor(),
                transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            ]
        )
        found[f"imagenet/{name}"] = imagenet(image).permute(1, 2, 0).numpy()
    return found


def skimage():
    """`imread` and `resize`."""
    import skimage
    from skimage import io
    from skimage.transform import resize

    found = {"version": np.array(skimage.__version__), "in/grey16": grey16()}
    found.update({f"in/{name}": pixels for name, pixels in pictures().items()})
    with tempfile.TemporaryDirectory() as folder:
        for name in [key.partition("/")[2] for key in found if key.startswith("in/")]:
            pixels = io.imread(write(folder, name, found[f"in/{name}"]))
            found[f"skimage/{name}"] = resize(pixels, TARGET).astype(np.float32)
            for order in (0, 1, 3):
                plain = resize(pixels, TARGET, order=order, anti_aliasing=False)
                found[f"skimage-{order}/{name}"] = plain.astype(np.float32)
    return found


def opencv():
    """`imread` and `resize`."""
    import cv2

    found = {"version": np.array(cv2.__version__), "in/grey16": grey16()}
    found.update({f"in/{name}": pixels for name, pixels in pictures().items()})
    with tempfile.TemporaryDirectory() as folder:
        for name in [key.partition("/")[2] for key in found if key.startswith("in/")]:
            path = str(write(folder, name, found[f"in/{name}"]))
            flag = cv2.IMREAD_UNCHANGED if name == "grey16" else cv2.IMREAD_COLOR
            pixels = cv2.imread(path, flag)
            for method in ("nearest", "linear", "area", "cubic", "lanczos4"):
                flag = getattr(cv2, f"INTER_{method.upper()}")
                if name == "grey16" or method == "linear":
                    resized = cv2.resize(pixels, TARGET[::-1], interpolation=flag)
                    found[f"opencv-{method}/{name}"] = resized
    return found


if __name__ == "__main__":
    MAKERS = {one.__name__: one for one in (keras, tfkeras, torchvision, skimage, opencv)}
    np.savez_compressed(HERE / f"{sys.argv[1]}.npz", **MAKERS[sys.argv[1]]())
