"""Keras 2 and TensorFlow themselves; Keras 3 does not read old files. A bundle's code."""

import base64
import io
import os
from pathlib import Path

import boto3
import numpy as np
import tf_keras as keras
from PIL import Image

bucket = boto3.resource("s3").Bucket(os.environ["BUCKET"])
for file in ("architecture.json", "weights.h5"):
    bucket.download_file(f"{os.environ['KEY']}/{file}", f"/tmp/{file}")
model = keras.models.model_from_json(Path("/tmp/architecture.json").read_text())
model.load_weights("/tmp/weights.h5")
_, height, width, _ = model.input_shape


def handler(event, _context):
    """Classify one image."""
    image = Image.open(io.BytesIO(base64.b64decode(event["image"]))).convert("RGB")
    pixels = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.float32) / 255
    return {"predictions": model.predict(pixels[None], verbose=0)[0].tolist()}
