"""What a bundle is built for: a Python runtime of AWS Lambda, on one of its two architectures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Python(StrEnum):
    """The Python runtimes for which a bundle can be built."""

    PY313 = "3.13"
    PY314 = "3.14"


class Arch(StrEnum):
    """The architectures, as Lambda calls them."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


MACHINES = {"x86_64": Arch.X86_64, "amd64": Arch.X86_64, "aarch64": Arch.ARM64, "arm64": Arch.ARM64}
"""What systems call these two, in lower case."""

PLATFORMS = {Arch.X86_64: "x86_64-manylinux_2_28", Arch.ARM64: "aarch64-manylinux_2_28"}
"""What uv calls them. Amazon Linux 2023 has glibc 2.34; wheels need at most 2.28."""


@dataclass(frozen=True, slots=True)
class Target:
    """A runtime."""

    python: Python
    arch: Arch

    @property
    def platform(self) -> str:
        """The platform, as uv calls it."""
        return PLATFORMS[self.arch]

    @property
    def cache_tag(self) -> str:
        """The ending of bytecode files beside their sources: `cpython-313`."""
        return f"cpython-{self.python.replace('.', '')}"

    def __str__(self) -> str:
        return f"Python {self.python} on {self.arch}"


def arch_of(machine: str) -> Arch | None:
    """The architecture of a machine, by what its system calls it; None for any other."""
    return MACHINES.get(machine.lower())
