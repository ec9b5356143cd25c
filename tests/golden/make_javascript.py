"""Make the golden models of TensorFlow.js, as its layers library saves and runs them.

    npm install --prefix DIR @tensorflow/tfjs@4.22.0
    python tests/golden/make_javascript.py DIR

Writes `tensorflowjs-4.22.0/models.zip` beside itself. Needs node, and NumPy in this Python.

Rules: maker/tensorflowjs.js builds, saves and runs the models; here their files are packed as the
other goldens are, and outputs that could hide an error are refused.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from make_goldens import pack  # noqa: E402
from maker.formats import zipped  # noqa: E402
from maker.weights import TOLERANCE, check_outputs  # noqa: E402

METADATA = {
    "tfjsVersion": "1.3.1",
    "tmVersion": "2.4.7",
    "packageVersion": "0.8.5",
    "packageName": "@teachablemachine/image",
    "timeStamp": "2024-02-26T12:00:00.000Z",
    "userMetadata": {},
    "modelName": "tm-my-image-model",
    "labels": ["red", "green", "blue", "none"],
    "imageSize": 16,
}
"""What Teachable Machine puts beside the model."""


def arrays(side: list[dict[str, object]]) -> list[np.ndarray]:
    return [np.array(one["data"], "float32").reshape(one["shape"]) for one in side]


def named(side: str, golden: dict[str, list[dict[str, object]]]) -> dict[str, np.ndarray]:
    found = arrays(golden[side])
    if len(found) == 1:
        return {side: found[0]}
    names = [one["name"] for one in golden[side]]
    return {f"{side}/{name}": array for name, array in zip(names, found, strict=True)}


def make(made: Path, folder: Path) -> str:
    """One model's golden from what JavaScript wrote; gives the version."""
    golden = json.loads((made / "golden.json").read_text(encoding="utf-8"))
    check_outputs(arrays(golden["outputs"]))
    folder.mkdir(parents=True)
    files = [(name, (made / name).read_bytes()) for name in ("model.json", "weights.bin")]
    if made.name == "teachable":
        files.append(("metadata.json", json.dumps(METADATA).encode()))
    zipped(folder / "tfjs.zip", files)
    sides = named("inputs", golden) | named("outputs", golden)
    np.savez_compressed(folder / "goldens.npz", **sides)
    ports = {
        side: [
            {"name": one["name"], "reported": False, "shape": [None, *one["shape"][1:]]}
            for one in golden[side]
        ]
        for side in ("inputs", "outputs")
    }
    manifest = {
        "model": made.name,
        "keras_version": golden["version"],
        "files": {"tfjs": "tfjs.zip", "goldens": ["goldens.npz"]},
        "tolerance": TOLERANCE,
        **ports,
    }
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return str(golden["version"])


def main(modules: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        script = HERE / "maker" / "tensorflowjs.js"
        path = {"NODE_PATH": str(modules.resolve() / "node_modules")}
        command = ["node", str(script), place]
        subprocess.run(command, check=True, env=os.environ | path, stdout=subprocess.DEVNULL)
        root = HERE / "tensorflowjs-4.22.0"
        shutil.rmtree(root, ignore_errors=True)
        for made in sorted(Path(place).iterdir()):
            if make(made, root / made.name) != "4.22.0":
                raise SystemExit("install @tensorflow/tfjs@4.22.0")
        pack(root)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
