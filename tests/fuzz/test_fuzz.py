"""A short run of the fuzzer; `make fuzz` runs 20,000 cases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fuzz.mutate import mutate
from fuzz.run import files_of, outcome, seeds

RUN = Path(__file__).parent / "run.py"
COUNT = 200


def test_damaged_files_end_in_an_error_or_a_model() -> None:
    run = subprocess.run(
        [sys.executable, str(RUN), "--count", str(COUNT), "--jobs", "1"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith(f"{COUNT} files in ")


def test_whole_files_of_every_format_compile() -> None:
    """Otherwise the fuzzer would only find that whole files are refused, too."""
    chosen: dict[str, str] = {}
    for name, _ in seeds():
        chosen.setdefault(name.rpartition("/")[2], name)
    assert len(chosen) >= 9
    whole = dict(seeds())
    assert all(len(outcome(whole[name])) == 64 for name in chosen.values())


def test_a_case_is_its_number() -> None:
    assert files_of(7) == files_of(7)
    assert files_of(7) != files_of(8)
    whole = {"a.json": b'{"class_name": "Sequential", "config": [1, 2, {"a": [3]}]}'}
    made = {mutate(whole, lambda _: b"other", seed).get("a.json") for seed in range(200)}
    assert len(made) > 150


def test_a_failure_is_told(tmp_path: Path) -> None:
    """The fuzzer of a reader that crashes, hangs and dies."""
    script = tmp_path / "broken.py"
    script.write_text(
        f"import sys; sys.path[:0] = {[str(RUN.parent.parent)]!r}\n"
        "import sys\n"
        "from fuzz.workers import Subject, main\n"
        "calls = 0\n"
        "def verdict(name, files):\n"
        "    global calls\n"
        "    calls += 1\n"
        "    if calls == 1: raise KeyError('x')\n"
        "    if calls == 2:\n"
        "        while True: pass\n"
        "    if calls == 3: bytearray(1 << 40)\n"
        "    if calls == 4: print('oh', file=sys.stderr)\n"
        "    if calls == 5: import os; os._exit(3)\n"
        "    return 'refused'\n"
        "case = lambda number: ('a', {'a.json': b'{}'})\n"
        "subject = Subject(__file__, 'files', 9, lambda: None, case, verdict, seconds=0.2)\n"
        "sys.exit(main(subject, '', sys.argv[1:]))\n"
    )
    command = [sys.executable, str(script), "--count", "7", "--jobs", "1"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    # After the one that died, a new worker begins with the same five.
    for word in ("2 crash", "2 hang", "1 memory", "1 noise", "1 died"):
        assert word in run.stdout, run.stdout
