"""Print the path of a Python of the functions' version; the exit code is 1 where there is none.

Run: .venv/bin/python tools/find_python.py 3.13
"""

from __future__ import annotations

import sys

from understudy.build.interpreter import find_interpreter
from understudy.build.target import Python
from understudy.build.wheels import find_uv


def main() -> int:
    """Look where the build looks."""
    found = find_interpreter(find_uv(), Python(sys.argv[1]))
    if found is None:
        return 1
    print(found.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
