"""Whether files that somebody built can run on a target, by their headers and their names. Pure.

Amazon Linux 2023 has glibc 2.34 and the C++ library of GCC 11 (`GLIBCXX_3.4.29`, `CXXABI_1.3.13`).
The endings of extension modules are those of CPython (PEP 3149), the tags of a WHEEL those of PEP
425 and PEP 600.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .elf import MAGIC, read_elf
from .target import Arch, Target

MOST = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13)}
"""The newest versions of symbols that Amazon Linux 2023 has."""

ELF = b"\x7fELF"
FOREIGN = {
    b"MZ": "Windows",
    b"\xcf\xfa\xed\xfe": "macOS",
    b"\xce\xfa\xed\xfe": "macOS",
    b"\xca\xfe\xba\xbe": "macOS",
}
"""How native files of other systems begin."""

MACHINES = {Arch.X86_64: "x86_64", Arch.ARM64: "aarch64"}

VERSION = re.compile(r"^([A-Z]+)_([0-9.]+)$")
TAGGED = re.compile(r"^(cpython|cp|pypy|graalpy)[-\d]|^abi3$")
"""What stands between the name of an extension module and `.so`, unless that is nothing."""

RELATIVE = "GLIBC_ABI_DT_RELR"
"""Needed by what is linked with `-z pack-relative-relocs`; glibc 2.36 is the first that has it."""

LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
MANYLINUX = re.compile(r"^(manylinux\d+|manylinux_(\d+)_(\d+)|linux)_(.+)$")


def problems(path: str, data: bytes, target: Target) -> tuple[str, ...]:
    """Why a file does not fit; empty if it does."""
    if path.endswith(".dist-info/WHEEL"):
        return tuple(_of_wheel(data.decode(errors="replace"), target))
    name = path.rpartition("/")[2]
    if name.endswith(".so") or ".so." in name or name.endswith(".pyd") or data.startswith(ELF):
        return (*_of_name(name, target), *_of_native(name, data, target))
    return ()


def _of_name(name: str, target: Target) -> Iterator[str]:
    tag = name.removesuffix(".so").partition(".")[2]
    machine = MACHINES[target.arch]
    fitting = ("abi3", f"{target.cache_tag}-{machine}-linux-gnu")
    if name.endswith(".so") and TAGGED.match(tag) and tag not in fitting:
        yield f"is an extension module for {tag}, not for {target}"


def _of_native(name: str, data: bytes, target: Target) -> Iterator[str]:
    foreign = next((system for magic, system in FOREIGN.items() if data.startswith(magic)), None)
    if foreign is not None or name.endswith(".pyd"):
        yield f"is for {foreign or 'Windows'}, not for Linux"
        return
    if not data.startswith(ELF):
        return
    native = read_elf(data)
    if native is None or native.arch is not target.arch:
        said = native.arch if native and native.arch else "another machine"
        damaged = native is None and data.startswith(MAGIC)
        yield "is damaged" if damaged else f"is for {said}, not for {target.arch}"
        return
    if any("musl" in library for library in native.needed):
        yield "is linked to musl (Alpine Linux), and Amazon Linux has glibc"
    newer = {name: most for name, most in _newest(native.versions).items() if most > MOST[name]}
    for library, version in sorted(newer.items()):
        yield (
            f"needs {library}_{_dotted(version)}, and Amazon Linux 2023 has"
            f" {library}_{_dotted(MOST[library])}"
        )


def _newest(versions: frozenset[str]) -> dict[str, tuple[int, ...]]:
    """The newest version of each library that is in `MOST`."""
    newest: dict[str, tuple[int, ...]] = {}
    for said in ("GLIBC_2.36" if version == RELATIVE else version for version in versions):
        found = VERSION.match(said)
        if found and found[1] in MOST:
            version = tuple(int(part) for part in found[2].split(".") if part)
            newest[found[1]] = max(version, newest.get(found[1], ()))
    return newest


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _of_wheel(text: str, target: Target) -> Iterator[str]:
    tags = re.findall(r"^Tag:\s*(\S+)", text, re.MULTILINE)
    if tags and not any(fits_tag(tag, target) for tag in tags):
        yield f"says that it is for {', '.join(tags[:3])}, not for {target}"


def fits_tag(said: str, target: Target) -> bool:
    """Whether a wheel with a tag runs on a target: `cp313-cp313-manylinux_2_28_x86_64`."""
    python, abi, system = ([*said.split("-"), "", "", ""])[:3]
    return any(
        _fits_python(one, application, target)
        for one in python.split(".")
        for application in abi.split(".")
    ) and any(_fits_system(one, target) for one in system.split("."))


def _fits_python(python: str, abi: str, target: Target) -> bool:
    found = re.fullmatch(r"(py|cp)(\d)(\d*)", python)
    if found is None or found[2] != "3":
        return False
    minor, ours = int(found[3] or 0), int(target.python.partition(".")[2])
    if abi == "none":
        return minor <= ours if found[1] == "py" else minor in (0, ours)
    if abi == "abi3":
        return found[1] == "cp" and minor <= ours
    return abi == python == f"cp3{ours}"


def _fits_system(system: str, target: Target) -> bool:
    found = MANYLINUX.match(system)
    if system == "any" or found is None:
        return system == "any"
    version = (int(found[2]), int(found[3])) if found[2] else LEGACY.get(found[1], (0, 0))
    return found[4] == MACHINES[target.arch] and version <= MOST["GLIBC"]
