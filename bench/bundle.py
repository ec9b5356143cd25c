"""How large the bundles are, beside plain installs of onnxruntime and Pillow for the same targets.

The plain ones are `uv pip install onnxruntime pillow`, of the same versions, zipped in the same
way. Then the rules: what each leaves out of one bundle.
Run: .venv/bin/python bench/bundle.py
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from understudy.build import archive
from understudy.build.bundle import Bundle
from understudy.build.plan import NOTHING, Size
from understudy.build.rules import RULES
from understudy.build.target import Arch, Python, Target
from understudy.build.wheels import PINS, find_uv
from understudy.building import build_bundle

NAMES = ("onnxruntime", "pillow")


def main() -> None:
    """Build all four, and print."""
    bundles = []
    with tempfile.TemporaryDirectory() as name:
        print("MB zipped / unzipped              understudy       plain install of two packages")
        for python in Python:
            for arch in Arch:
                target = Target(python, arch)
                folder = Path(name, target.file_name)
                bundle = build_bundle(python, arch, folder / "bundle.zip")
                bundles.append(bundle)
                sizes = f"{shown(bundle.size)}    {shown(plain(target, folder))}"
                print(f"{target!s:30} {sizes}   {about(bundle)}", flush=True)
    print(f"\nleft out of {bundles[0].target}: MB zipped / unzipped")
    for rule in RULES:
        print(f"  {rule.name:30} {shown(bundles[0].saved[rule.name])}")


def plain(target: Target, folder: Path) -> Size:
    """How large the usual packages are."""
    pins = dict(re.findall(r"^(\S+)==(\S+) \\$", PINS.read_text(), re.MULTILINE))
    command = [str(find_uv()), "pip", "install", "--quiet", "--only-binary", ":all:"]
    command += ["--python", sys.executable, "--python-version", target.python]
    command += ["--python-platform", target.platform, "--target", str(folder / "plain")]
    subprocess.run([*command, *(f"{name}=={pins[name]}" for name in NAMES)], check=True)
    files = {
        path.relative_to(folder).as_posix(): path
        for path in (folder / "plain").rglob("*")
        if path.is_file()
    }
    return sum(archive.write_zip(folder / "plain.zip", files).values(), NOTHING)


def shown(size: Size) -> str:
    """In MB."""
    return f"{size.zipped / 1e6:6.2f} / {size.plain / 1e6:6.2f}"


def about(bundle: Bundle) -> str:
    """What was done with it."""
    compiled = f"bytecode by {bundle.compiled_by}" if bundle.compiled_by else "no bytecode"
    return f"{compiled}; " + ("run" if bundle.proof.ran else f"not run: {bundle.proof.why_not}")


if __name__ == "__main__":
    main()
