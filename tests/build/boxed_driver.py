"""What happens in one box, whose /tmp outlives its processes: starts, kills and invokes a bundle.

Run in the box: python boxed_driver.py HANDLER IMAGE KILLS AT_ONCE, with the function's variables

Prints JSON: for each process that was not killed what it answered, and how many of those that were
killed had begun to unpack.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

INVOKE = """
import base64, importlib, json, sys
handler = importlib.import_module(sys.argv[1]).handler
image = base64.b64encode(open(sys.argv[2], "rb").read()).decode()
try:
    print(json.dumps(handler({"image": image})))
except Exception as error:
    print(json.dumps({"error": str(error)}))
"""


def start(handler: str, image: str) -> subprocess.Popen[str]:
    """One process that answers one event."""
    return subprocess.Popen(
        [sys.executable, "-S", "-c", INVOKE, handler, image], stdout=subprocess.PIPE, text=True
    )


def answer(process: subprocess.Popen[str]) -> object:
    """What it answered; the lines before are its log."""
    out, _ = process.communicate()
    return json.loads(out.splitlines()[-1]) if out else None


def main(handler: str, image: str, kills: int, at_once: int) -> None:
    """Kill some, and then let the others answer."""
    draw = random.Random(4)
    partial = Path("/tmp/understudy-packages/partial")
    begun, answers = 0, []
    for _ in range(kills):
        process = start(handler, image)
        while not partial.exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.5))
        process.kill()
        process.communicate()
        begun += partial.exists()
    processes = [start(handler, image) for _ in range(at_once)]
    answers = [answer(process) for process in processes]
    left = sorted(path.name for path in partial.parent.iterdir()) if partial.parent.exists() else []
    print(json.dumps({"begun": begun, "answers": answers, "left": left}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
