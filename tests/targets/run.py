"""The bundles for all targets, built and run with Debian's Pythons, also on emulated processors.

debootstrap brings Debian's packages, and an emulator (qemu-user 10; older ones fail in
onnxruntime); dpkg-deb unpacks them, and nothing of them is installed on this machine. `understudy
build` then finds a Python for each target, compiles with it, and its proof is run for real.

Run: python tests/targets/run.py FOLDER [ARCH ...], with debootstrap and dpkg-deb installed, as root
(debootstrap asks for that). What is fetched stays in FOLDER for the next time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

SUITES = {"3.13": "trixie", "3.14": "sid"}
"""Debian's releases with these Pythons; that of the emulator is the first."""


@dataclass(frozen=True)
class Machine:
    """What Debian and qemu call an architecture, and the processor that Lambda's is like."""

    debian: str
    libraries: str
    loader: str
    emulator: str
    processor: str


MACHINES = {
    "x86_64": Machine(
        "amd64", "x86_64-linux-gnu", "lib64/ld-linux-x86-64.so.2", "qemu-x86_64", "Haswell"
    ),
    "arm64": Machine(
        "arm64", "aarch64-linux-gnu", "lib/ld-linux-aarch64.so.1", "qemu-aarch64", "neoverse-n1"
    ),
}

NATIVE = 'exec "{usr}/{loader}" --library-path "{usr}/lib/{libraries}" "{usr}/bin/{python}" "$@"'
"""With its own C library, which may be newer than this machine's."""

EMULATED = 'exec "{emulator}" -cpu {processor} -L "{system}" "{usr}/bin/{python}" "$@"'


def main(folder: Path, archs: list[str]) -> int:
    """Fetch, build, and say what was run; 1 if it could not be, or a bundle does not work."""
    missing = [name for name in ("debootstrap", "dpkg-deb") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        why = f"{' and '.join(missing)} not installed" if missing else "debootstrap needs root"
        print(f"not run: {why}; nothing was emulated, and no bundle was built")
        return 1
    here = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()
    failed = 0
    for version in SUITES:
        for arch in archs:
            failed += build(folder, here, version, arch)
    return min(failed, 1)


def build(folder: Path, here: str, version: str, arch: str) -> int:
    """Build and prove one bundle; gives what `understudy build` ends with."""
    machine, python = MACHINES[arch], f"python{version}"
    system = fetch(folder / f"{python}-{arch}", machine.debian, python, SUITES[version])
    said = asdict(machine) | {"system": system, "usr": system / "usr", "python": python}
    command = NATIVE
    if machine.debian != here:
        programs = fetch(folder / "emulator", here, "qemu-user", SUITES["3.13"]) / "usr" / "bin"
        command, said["emulator"] = EMULATED, programs / machine.emulator
    programs = folder / f"bin-{python}-{arch}"
    programs.mkdir(exist_ok=True)
    wrapper = programs / python
    wrapper.write_text(f"#!/bin/sh\n{command.format(**said)}\n", encoding="utf-8")
    wrapper.chmod(0o755)
    first_line = subprocess.run([wrapper, "-VV"], capture_output=True, text=True, check=True).stdout
    print(f"{arch}: {first_line.partition(chr(10))[0]}", flush=True)
    return subprocess.run(
        [
            *(Path(sys.executable).with_name("understudy"), "build", "--arch", arch),
            *("--python", version, "--output", folder / f"bundle-{python}-{arch}.zip"),
        ],
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    ).returncode


def fetch(folder: Path, arch: str, package: str, suite: str) -> Path:
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
            *("--download-only", suite, packages),
        ],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    for file in sorted(packages.glob("var/cache/apt/archives/*.deb")):
        subprocess.run(["dpkg-deb", "--extract", file, partial], check=True)
    shutil.rmtree(packages)
    return partial.rename(folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:] or list(MACHINES)))
