"""The bundle for arm64, run on another machine: by an emulated processor, with Debian's Python.

debootstrap brings Debian 13's packages for arm64 and an emulator (qemu-user 10; older ones fail in
onnxruntime); dpkg-deb unpacks them, and nothing of them is installed on this machine. Then
`understudy build --arch arm64` finds a Python for arm64, and its proof is run for real.

Run: python tests/arm64/run.py FOLDER, with debootstrap and dpkg-deb installed, as root (debootstrap
asks for that). What is fetched stays in FOLDER for the next time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SUITE = "trixie"
PYTHON = "python3.13"
"""Its Python."""

QEMU = "qemu-aarch64"
CPU = "neoverse-n1"
"""What Lambda's arm64 is like: Graviton2 has these cores."""

WRAPPER = """#!/bin/sh
exec "{emulator}" -cpu {cpu} -L "{system}" "{system}/usr/bin/{python}" "$@"
"""


def main(folder: Path) -> int:
    """Fetch, build, and say what was run; 1 if it could not be, or the bundle does not work."""
    missing = [name for name in ("debootstrap", "dpkg-deb") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        why = f"{' and '.join(missing)} not installed" if missing else "debootstrap needs root"
        print(f"not run: {why}; nothing was emulated, and no bundle was built")
        return 1
    here = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()
    system = fetch(folder / "system", "arm64", "python3")
    emulator = fetch(folder / "emulator", here, "qemu-user") / "usr" / "bin" / QEMU
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    wrapper = programs / PYTHON
    wrapper.write_text(
        WRAPPER.format(emulator=emulator, cpu=CPU, system=system, python=PYTHON), encoding="utf-8"
    )
    wrapper.chmod(0o755)
    for command in ([str(emulator), "--version"], [str(wrapper), "-VV"]):
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        print(said.partition("\n")[0], flush=True)
    return subprocess.run(
        [
            *(Path(sys.executable).with_name("understudy"), "build", "--arch", "arm64"),
            *("--python", PYTHON.removeprefix("python"), "--output", folder / "bundle.zip"),
        ],
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    ).returncode


def fetch(folder: Path, arch: str, package: str) -> Path:
    """Unpack a package of Debian and all that it needs, unless that was done before."""
    if folder.is_dir():
        return folder
    print(f"fetching {package} for {arch} ...", flush=True)
    packages, partial = folder.with_suffix(".packages"), folder.with_suffix(".partial")
    for stale in (packages, partial):
        shutil.rmtree(stale, ignore_errors=True)
    partial.mkdir(parents=True)
    subprocess.run(
        [
            *("debootstrap", f"--arch={arch}", "--variant=minbase", f"--include={package}"),
            *("--download-only", SUITE, packages),
        ],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    for file in sorted(packages.glob("var/cache/apt/archives/*.deb")):
        subprocess.run(["dpkg-deb", "--extract", file, partial], check=True)
    shutil.rmtree(packages)
    return partial.rename(folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
