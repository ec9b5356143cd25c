"""Bytecode for the target's Python, by that Python.

On Lambda the code's folder is read-only: without bytecode in it, every cold start compiles all
modules anew. It is never compared with the sources (`unchecked-hash`, PEP 552), so no time of a
file matters. The paths in it are those in the bundle, and the hash seed is fixed: the same
sources give the same bytes.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import BuildError
from .interpreter import Interpreter
from .target import Target

PROGRAM = """
import json, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
done = []
for source, compiled, name in json.load(sys.stdin):
    try:
        py_compile.compile(source, compiled, name, True, invalidation_mode=mode)
    except (py_compile.PyCompileError, ValueError):
        continue
    done.append(name)
json.dump(done, sys.stdout)
"""


def bytecode_path(source: str, target: Target, stays: bool) -> str:
    """Where the bytecode of a source is: in its place, or beside it where the source stays.

    Python takes `module.pyc` where there is no `module.py`.
    """
    if not stays:
        return f"{source}c"
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{target.cache_tag}.pyc"


def compile_sources(
    interpreter: Interpreter,
    target: Target,
    tree: Path,
    sources: Sequence[str],
    stays: Callable[[str], bool],
) -> dict[str, str]:
    """Compile sources below `tree`; a source that is no Python of this version is left alone.

    Args:
        interpreter: a Python of the target's version.
        target: whose bytecode it is.
        tree: where the sources are.
        sources: their paths.
        stays: whether a source is kept beside its bytecode.

    Returns:
        the path of the bytecode for each source that was compiled.

    Raises:
        BuildError: the interpreter failed.
    """
    paths = {source: bytecode_path(source, target, stays(source)) for source in sources}
    work = [[str(tree / source), str(tree / path), source] for source, path in paths.items()]
    done = subprocess.run(
        [str(interpreter.path), "-S", "-s", "-P", "-W", "ignore", "-c", PROGRAM],
        input=json.dumps(work),
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
        check=False,
    )
    if done.returncode:
        raise BuildError(
            f"{interpreter.path} cannot compile the modules: {done.stderr.strip()[-300:]}",
            hint=f"install Python {target.python} anew, or another one",
        )
    return {source: paths[source] for source in json.loads(done.stdout)}
