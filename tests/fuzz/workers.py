"""What a fuzzer is but for its cases: worker processes with a limit of memory and of time.

A worker that dies or hangs is noticed and replaced. A case is its number: the same number gives the
same bytes, on every machine. A case fails when it crashes, hangs, takes too much memory, or writes
to the worker's stderr. Ends with a summary, and with status 1 if a case failed.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

HARD = 2
"""So many times its seconds, and the worker ends itself: what hangs does not listen to signals."""

FAILURES = ("crash", "hang", "memory", "noise", "died")


@dataclass(frozen=True)
class Subject:
    """What is fuzzed.

    Attributes:
        script: starts the fuzzer; workers run it, too.
        things: what the cases are, in a word.
        count: how many cases, unless one says otherwise.
        load: gets ready, before memory is limited.
        case: number -> a name for what it was made of, and the case.
        verdict: name and case -> in a word what came of it. Whatever it raises is a crash.
        seconds: a case that takes longer has hung.
        memory: address space of a worker in bytes; the libraries alone take a good part of it.
    """

    script: str
    things: str
    count: int
    load: Callable[[], object]
    case: Callable[[int], tuple[str, Any]]
    verdict: Callable[[str, Any], str]
    seconds: float = 5
    memory: int = 2 << 30


class Hang(BaseException):
    """The time is over; not an Exception, so that nothing swallows it."""


def work(subject: Subject, first: int, count: int, step: int) -> None:
    """Run cases, a line of JSON each: before it its number, after it what came of it."""

    def over(*_: Any) -> None:
        raise Hang

    subject.load()
    resource.setrlimit(resource.RLIMIT_AS, (subject.memory, subject.memory))
    signal.signal(signal.SIGALRM, over)
    told = os.dup(2)
    with tempfile.TemporaryFile() as noise, os.fdopen(told, "w") as stderr:
        os.dup2(noise.fileno(), 2)
        for number in range(first, first + count, step):
            print(json.dumps({"number": number}), flush=True)  # noqa: T201
            name, case = subject.case(number)
            started = time.monotonic()
            faulthandler.dump_traceback_later(subject.seconds * HARD, exit=True, file=stderr)
            signal.setitimer(signal.ITIMER_REAL, subject.seconds)
            try:
                result, detail = subject.verdict(name, case), ""
            except Hang:
                result, detail = "hang", traceback.format_exc()
            except MemoryError:
                result, detail = "memory", traceback.format_exc()
            except BaseException:
                result, detail = "crash", traceback.format_exc()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                faulthandler.cancel_dump_traceback_later()
            took = time.monotonic() - started
            sys.stderr.flush()
            written = os.fstat(noise.fileno()).st_size
            if written:
                said = os.pread(noise.fileno(), 2000, 0).decode(errors="replace")
                os.ftruncate(noise.fileno(), 0)
                os.lseek(noise.fileno(), 0, os.SEEK_SET)
                if result not in FAILURES:
                    result, detail = "noise", said
            line = {"number": number, "seed": name, "result": result, "took": took}
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(json.dumps({**line, "detail": detail, "memory": memory}), flush=True)  # noqa: T201


def results(script: str, first: int, count: int, jobs: int) -> Iterator[dict[str, Any]]:
    """What came of every case, in no order."""
    running = {job: _start(script, first + job, first, count, jobs) for job in range(jobs)}
    current = dict.fromkeys(running, -1)
    while running:
        for job, process in list(running.items()):
            assert process.stdout is not None
            line = process.stdout.readline()
            if line:
                said = json.loads(line)
                current[job] = said["number"]
                if "result" in said:
                    yield said
                    current[job] = -said["number"] - 1
                continue
            del running[job]
            number = current[job]
            if process.wait() != 0:
                if number < 0:
                    raise SystemExit(f"a worker ended with {process.returncode} between cases")
                detail = f"the worker ended with {process.returncode}"
                died = {"number": number, "seed": "?", "result": "died", "detail": detail}
                yield died | {"took": 0.0, "memory": 0}
                if number + jobs < first + count:
                    running[job] = _start(script, number + jobs, first, count, jobs)


def _start(script: str, number: int, first: int, count: int, jobs: int) -> subprocess.Popen[str]:
    left = first + count - number
    command = [sys.executable, script, "--worker", str(number), str(left), str(jobs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def main(subject: Subject, about: str | None, arguments: Sequence[str]) -> int:
    """Run as a command; gives its exit code."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--count", type=int, default=subject.count)
    parser.add_argument("--first", type=int, default=0, help="the first case's number")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--worker", nargs=3, type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.worker:
        work(subject, *asked.worker)
        return 0
    counts: Counter[str] = Counter()
    slowest: tuple[float, int] = (0.0, -1)
    memory = 0
    started = time.monotonic()
    for done in results(subject.script, asked.first, asked.count, asked.jobs):
        counts[done["result"]] += 1
        slowest = max(slowest, (done["took"], done["number"]))
        memory = max(memory, done["memory"])
        if done["result"] in FAILURES:
            print(f"case {done['number']} ({done['seed']}): {done['result']}\n{done['detail']}")  # noqa: T201
        total = sum(counts.values())
        if sys.stderr.isatty() and total % 100 == 0:
            print(f"\r{total:,} of {asked.count:,}", end="", file=sys.stderr)  # noqa: T201
    failed = sum(counts[result] for result in FAILURES)
    listed = ", ".join(f"{count:,} {result}" for result, count in counts.most_common())
    spent = time.monotonic() - started
    print(f"{sum(counts.values()):,} {subject.things} in {spent:.0f} s: {listed}")  # noqa: T201
    print(  # noqa: T201
        f"slowest: case {slowest[1]} with {slowest[0]:.2f} s; a worker took up to"
        f" {memory / 1024:.0f} MB; failed: {failed}"
    )
    return 1 if failed or sum(counts.values()) != asked.count else 0
