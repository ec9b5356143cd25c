"""Make the golden models of one real Keras, or of all of them.

    /opt/keras-envs/keras-2.0.6/bin/python tests/golden/make_goldens.py --flavour keras
    python tests/golden/make_goldens.py --environments /opt/keras-envs

Writes `<version>/<model>/` beside itself: what the version wrote, and what it predicted.
The second form runs the first one under every environment that environments.py made.

Rules: Python 3.6 syntax; seeded by the model's name; a model is refused unless its outputs
differ between the images, are not saturated, and feel a change of each single weight
array, because a golden that can't fail proves nothing. Keras itself must load the files
again and predict the same; where it can't, the manifest says so.
"""

import argparse
import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

RUNS = (
    ("keras-2.0.6", "keras", {}),
    ("keras-2.2.4", "keras", {}),
    ("keras-2.3.1-tf-1.15", "keras", {}),
    ("keras-2.3.1-tf-1.15", "tf.keras", {}),
    ("tfkeras-2.4", "tf.keras", {}),
    ("tfkeras-2.8", "tf.keras", {}),
    ("tfkeras-2.10", "tf.keras", {}),
    ("tfkeras-2.13", "tf.keras", {}),
    ("tfkeras-2.15", "tf.keras", {}),
    ("keras-3.0.5", "keras", {}),
    ("keras-3.15.1", "keras", {}),
    ("keras-1.2.2", "keras", {"KERAS_BACKEND": "tensorflow"}),
    (
        "keras-1.2.2",
        "keras",
        {
            "KERAS_BACKEND": "theano",
            "THEANO_FLAGS": "device=cpu,floatX=float32,gcc.cxxflags=-Wno-narrowing",
        },
    ),
)
"""Environment, flavour, variables."""

THEANO_MODELS = ["vgg_functional", "resnet", "channels_first", "gray_sigmoid"]
"""Theano compiles every model with a C++ compiler for minutes: these are enough."""

PLAIN = ("keras-2.0.6", "keras-3.15.1")
"""Versions whose files lie open. The others' are in models.zip: HDF5 is mostly zeros."""


def unpack(root):
    """Put the models of models.zip back into folders."""
    archive = root / "models.zip"
    if archive.exists():
        with zipfile.ZipFile(str(archive)) as packed:
            packed.extractall(str(root))
        archive.unlink()


def pack(root):
    """Move the folders of the models into models.zip: sorted, and without dates."""
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    with zipfile.ZipFile(str(root / "models.zip"), "w") as packed:
        for path in sorted(file for folder in folders for file in folder.iterdir()):
            info = zipfile.ZipInfo(path.relative_to(root).as_posix(), (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            packed.writestr(info, path.read_bytes())
    for folder in folders:
        shutil.rmtree(str(folder))


def make_all(flavour, root, only, chosen=""):
    """Make the goldens of the Keras that runs here; return how many failed."""
    # Here, because they import numpy and Keras, which --environments does without.
    from maker.builders import CASES
    from maker.files import make, problem
    from maker.flavours import Library

    k = Library(flavour)
    cases = importlib.import_module("maker." + chosen).cases(k) if chosen else CASES
    label = k.label + ("+" + chosen if chosen else "")
    if not cases:
        return 0
    root = root / label
    root.mkdir(parents=True, exist_ok=True)
    unpack(root)
    note = root / "not_made.json"
    skipped = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    failed = 0
    for name, case in cases.items():
        if only and name not in only:
            continue
        skipped.pop(name, None)
        try:
            line = make(k, name, case, root)
        except Exception as error:
            if not case.may_fail:
                if os.environ.get("GOLDENS_TRACEBACK"):
                    raise
                failed += 1
            reason = skipped[name] = problem(error)
            shutil.rmtree(str(root / name), ignore_errors=True)
            line = "%s/%s: NOT MADE: %s" % (root.name, name, reason)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    if skipped:
        note.write_text(json.dumps(skipped, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    elif note.exists():
        note.unlink()
    if label not in PLAIN:
        pack(root)
    return failed


def run_all(environments, root, only, chosen):
    """Run this script under every environment there is; return how many failed."""
    failed = 0
    for name, flavour, variables in RUNS:
        python = environments / name / "bin" / "python"
        if not python.exists():
            sys.stdout.write("%s: no such environment. hint: environments.py\n" % name)
            failed += 1
            continue
        command = [str(python), str(pathlib.Path(__file__).resolve()), "--flavour", flavour]
        few = THEANO_MODELS if "THEANO_FLAGS" in variables and chosen != "keras1" else []
        models = only or few
        command += ["--out", str(root)] + (["--models"] + models if models else [])
        command += ["--set", chosen] if chosen else []
        failed += 0 != subprocess.call(command, env=dict(os.environ, **variables))
    return failed


def main():
    """Parse, make, and exit 1 if anything could not be made."""
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--flavour", choices=("keras", "tf.keras"), help="with this Python")
    what.add_argument("--environments", type=pathlib.Path, help="with every one found there")
    parser.add_argument("--out", type=pathlib.Path, default=here)
    parser.add_argument("--set", default="", help="the models of maker/SET.py, in VERSION+SET")
    parser.add_argument("--models", nargs="*", default=[], help="these only")
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    # Keras reads and writes ~/.keras/keras.json: the defaults in it must not be somebody's.
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        return work(asked)


def work(asked):
    """Do what was asked; return the exit status."""
    if asked.environments:
        return 1 if run_all(asked.environments, asked.out, asked.models, asked.set) else 0
    return 1 if make_all(asked.flavour, asked.out, asked.models, asked.set) else 0


if __name__ == "__main__":
    sys.exit(main())
