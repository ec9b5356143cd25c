"""How large the bundles are, beside plain installs of onnxruntime and Pillow for the same targets.

The plain ones are `uv pip install onnxruntime pillow`, of the same versions, zipped in the same
way. Then the other ways to lay out a bundle, and the one that admits; and the rules: what each
leaves out of one bundle.
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
from understudy.build.contents import SERVING, Function
from understudy.build.layout import Layout
from understudy.build.plan import NOTHING, Size
from understudy.build.rules import RULES
from understudy.build.target import Arch, Python, Target
from understudy.build.wheels import find_uv
from understudy.building import build_bundle

NAMES = ("onnxruntime", "pillow")
OTHERS = (
    (Layout.ZIPPED, Function.SERVING),
    (Layout.LAYER, Function.SERVING),
    (Layout.PLAIN, Function.ADMISSION),
)


def main() -> None:
    """Build all, and print."""
    bundles = []
    with tempfile.TemporaryDirectory() as name:
        print("MB zipped / unzipped              understudy       plain install of two packages")
        for python in Python:
            for arch in Arch:
                target = Target(python, arch)
                folder = Path(name, f"{python}-{arch}")
                bundle = build_bundle(python, arch, folder / "bundle.zip")
                bundles.append(bundle)
                sizes = f"{shown(bundle.size)}    {shown(plain(target, folder))}"
                print(f"{target!s:30} {sizes}   {about(bundle)}", flush=True)
        first = bundles[0]
        print(f"\n{first.target}: MB zipped / unzipped / in /tmp; seconds to the first answer")
        others = [first]
        for layout, function in OTHERS:
            output = Path(name, f"{layout}-{function}.zip")
            others.append(
                build_bundle(
                    arch=first.target.arch, output=output, layout=layout, function=function
                )
            )
        for bundle in others:
            recipe = bundle.recipe
            print(
                f"  {recipe.contents.function:10} {recipe.layout:7} {shown(bundle.size)}"
                f" / {bundle.unpacked / 1e6:6.2f}   {bundle.proof.seconds or 0:.2f} s",
                flush=True,
            )
    print(f"\nleft out of {first.target}: MB zipped / unzipped; serving, admission")
    for rule in RULES:
        saved = (shown(bundle.saved[rule.name]) for bundle in (first, others[-1]))
        print(f"  {rule.name:30} {'   '.join(saved)}")


def plain(target: Target, folder: Path) -> Size:
    """How large the usual packages are."""
    pins = dict(re.findall(r"^(\S+)==(\S+) \\$", SERVING.pins.read_text(), re.MULTILINE))
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
