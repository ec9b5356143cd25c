"""Whether the native files that stay find the libraries that they link. Pure.

This is what can be said of a bundle for another architecture, without running it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .plan import Found

SYSTEM = frozenset(
    {
        *("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"),
        *("libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"),
        *("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"),
    }
)
"""What wheels may expect of a system (PEP 600's profile for glibc 2.28), as far as Lambda's Python
runtimes have it: Python itself links these."""


def missing(kept: Sequence[Found]) -> tuple[str, ...]:
    """Name the libraries that are linked and are nowhere: `file needs library`, a line each."""
    natives = [(file, file.native) for file in kept if file.native is not None]
    there = SYSTEM | {file.name for file, _ in natives} | {native.soname for _, native in natives}
    return tuple(
        f"{file.path} needs {library}"
        for file, native in natives
        for library in sorted(native.needed - there)
    )
