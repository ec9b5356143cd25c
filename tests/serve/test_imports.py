"""What `import understudy.serve` costs: nothing that a classification does not need."""

from __future__ import annotations

import json
import subprocess
import sys

FORBIDDEN = {
    *{"h5py", "pyfive", "onnx", "typer", "rich", "starlette", "boto3", "tensorflow", "keras"},
    *{"obstore", "filelock"},
}
LATER = {"onnxruntime", "PIL.TiffImagePlugin", "PIL.JpegImagePlugin", "concurrent.futures.thread"}


def modules_after(program: str) -> set[str]:
    code = f"import json, sys\n{program}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return set(json.loads(done.stdout))


def test_importing_pulls_in_nothing_heavy() -> None:
    loaded = modules_after("import understudy.serve")
    assert not loaded & (FORBIDDEN | LATER)


def test_no_other_part_is_needed() -> None:
    loaded = modules_after("import understudy.serve")
    ours = {name.split(".")[1] for name in loaded if name.startswith("understudy.")}
    assert ours <= {"serve", "release", "store", "files", "errors"}


def test_a_classification_pulls_in_nothing_heavy(model_folder: object) -> None:
    loaded = modules_after(f"""
import io
from pathlib import Path
from PIL import Image
from understudy.serve import Classifier, ServedModel, resolve
file = io.BytesIO()
Image.new("RGB", (9, 9)).save(file, "BMP")
served = ServedModel("m", resolve(None, (8, 6, 3)), "softmax", "image", "classes")
with Classifier.open(Path({str(model_folder)!r}), served) as classifier:
    classifier.classify(file.getvalue())
""")
    assert "onnxruntime" in loaded
    assert not loaded & FORBIDDEN
    assert "PIL.TiffImagePlugin" not in loaded
