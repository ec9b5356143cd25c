"""The usual way to serve a model: boto3, one ONNX file, a default session. A bundle's code."""

import base64
import io
import os

import boto3
import numpy as np
import onnxruntime
from PIL import Image

boto3.client("s3").download_file(os.environ["BUCKET"], os.environ["KEY"], "/tmp/model.onnx")
session = onnxruntime.InferenceSession("/tmp/model.onnx")
name = session.get_inputs()[0].name
height, width = session.get_inputs()[0].shape[1:3]


def handler(event, _context):
    """Classify one image."""
    image = Image.open(io.BytesIO(base64.b64decode(event["image"]))).convert("RGB")
    pixels = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.float32) / 255
    return {"predictions": session.run(None, {name: pixels[None]})[0][0].tolist()}
