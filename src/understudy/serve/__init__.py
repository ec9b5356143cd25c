"""From images to labels: the part of understudy that runs wherever predictions are made.

It needs NumPy, Pillow and onnxruntime; the last, and Pillow's codecs, are imported when they are
first used. It knows nothing of Keras files, stores, HTTP or the cloud: it takes a folder with a
compiled model and plain values, and gives values back.
"""

from ..release.manifest import Signature
from ..release.preprocess import Preprocess, parse
from ..release.reference import reference_inputs
from ..release.resolve import Resolved, resolve
from .answer import Prediction
from .classifier import Classifier
from .folder import images_in
from .image import decode
from .model import ServedModel
from .opening import open_release, served_model
from .result import Result, Timings
from .selftest import Case, Report, check, measure
from .session import Session, inputs, open_session, outputs

__all__ = [
    "Case",
    "Classifier",
    "Prediction",
    "Preprocess",
    "Report",
    "Resolved",
    "Result",
    "ServedModel",
    "Session",
    "Signature",
    "Timings",
    "check",
    "decode",
    "images_in",
    "inputs",
    "measure",
    "open_release",
    "open_session",
    "outputs",
    "parse",
    "reference_inputs",
    "resolve",
    "served_model",
]
