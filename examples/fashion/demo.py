"""The demo: two models of one family go through their whole life, from push to promotion.

Every line after a `$` is a command that really runs; everything below it is what it printed.
Needs no network and no TensorFlow.
"""

from __future__ import annotations

import csv
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import understudy

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
IMAGES = HERE / "images"
STORE = ROOT / ".cache" / "demo-store"
COMMAND = Path(sys.executable).with_name("understudy")
MODEL = "fashion"

SHADES = " .:-=+*#%@"
WIDTH, HEIGHT = 24, 12
SHOWN = ("test-00000.png", "test-00002.png", "test-00018.png")

console = Console(highlight=False, width=None if sys.stdout.isatty() else 100)


def main() -> None:
    """Run the demo from an empty store."""
    started = time.perf_counter()
    shutil.rmtree(STORE, ignore_errors=True)
    truth = read_truth()
    console.print("\n[bold]Understudy: a Keras model on stage, without TensorFlow[/]")

    step(1, "A team trained a small CNN with tf.keras 2.4. These are its files:")
    listing(HERE / "first")
    say("One command makes a release of them, and [bold]dev[/] serves it:")
    run("push", relative(HERE / "first"), "--model", MODEL)

    step(2, "It looks at 30 pictures that it was not trained on")
    pictures()
    run("classify", relative(IMAGES / SHOWN[0]), "--model", MODEL, "--top-k", "3")
    first = score("dev", truth)
    table(first, truth)

    step(3, "Good enough to begin with: [bold]prod[/] shall serve it too")
    run("promote", MODEL)

    step(4, "Months later: a better model, trained with Keras 3.15, in other files")
    listing(HERE / "better")
    run("push", relative(HERE / "better"), "--model", MODEL)
    run("status")
    say("Only [bold]dev[/] has changed. The same 30 pictures, asked of both stages:")
    rehearsed, served = score("dev", truth), score("prod", truth)
    console.print(f"     dev   {accuracy(rehearsed, truth)}")
    console.print(f"     prod  {accuracy(served, truth)}")
    differing(served, rehearsed, truth)

    step(5, "The understudy takes the stage")
    run("promote", MODEL, "--message", "better on all clothes")
    console.print(f"     prod  {accuracy(score('prod', truth), truth)}")

    seconds = time.perf_counter() - started
    console.print(f"\n[bold]Done[/] in {seconds:.0f} seconds. Try next:\n")
    command, store = relative(COMMAND), relative(STORE)
    console.print(f"  {command} classify {relative(IMAGES)} --model {MODEL} --store {store}")
    console.print(f"  {command} inspect {relative(HERE / 'better')}")
    console.print(f"  {command} push YOUR_ARCHITECTURE.json YOUR_WEIGHTS.h5 --model yours\n")


def step(number: int, title: str) -> None:
    """Begin a step."""
    console.print(f"\n[bold cyan]{number}[/]  {title}\n")


def say(text: str) -> None:
    """Explain what comes."""
    console.print(f"   {text}\n")


def run(*arguments: str) -> None:
    """Run a command of understudy, and show it with what it prints."""
    console.print(f"   [bold green]$[/] [bold]understudy {escape(shlex.join(arguments))}[/]")
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=ROOT,
        env=os.environ | {"UNDERSTUDY_STORE": str(STORE)},
        text=True,
        stdout=subprocess.PIPE,
        check=False,
    )
    for line in done.stdout.splitlines():
        console.print(f"   {escape(line.rstrip())}", soft_wrap=True)
    if done.returncode:
        sys.exit(f"the command ended with exit code {done.returncode}")
    console.print()


def read_truth() -> dict[str, str]:
    """The true label of each image."""
    with (IMAGES / "truth.csv").open(newline="") as file:
        return {row["image"]: row["label"] for row in csv.DictReader(file)}


def score(stage: str, truth: dict[str, str]) -> dict[str, understudy.Prediction]:
    """What a stage answers for every image: the same as `understudy classify`, from Python."""
    with understudy.open(MODEL, stage=stage, store=STORE) as model:
        results = model.classify_many([IMAGES / name for name in truth], top_k=1)
        return dict(zip(truth, (result.predictions[0] for result in results), strict=True))


def accuracy(answers: dict[str, understudy.Prediction], truth: dict[str, str]) -> str:
    """How many answers are right."""
    right = sum(answers[name].label == label for name, label in truth.items())
    bar = "█" * right + "░" * (len(truth) - right)
    return f"{bar}  {right} of {len(truth)} right"


def table(answers: dict[str, understudy.Prediction], truth: dict[str, str]) -> None:
    """All images with their true and their predicted label, in two columns."""
    rows = []
    for name, label in truth.items():
        answer = answers[name]
        if answer.label == label:
            rows.append((label, answer.label, f"{100 * (answer.probability or 0):.0f} %"))
        else:
            wrong = f"[red]{answer.label} ✗[/]"
            rows.append((label, wrong, f"{100 * (answer.probability or 0):.0f} %"))
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for _ in range(2):
        grid.add_column("   truth")
        grid.add_column("predicted")
        grid.add_column("", justify="right")
    half = len(rows) // 2
    for left, right in zip(rows[:half], rows[half:], strict=True):
        grid.add_row(f"   {left[0]}", *left[1:], f"   {right[0]}", *right[1:])
    console.print(grid)
    console.print(f"\n     dev   {accuracy(answers, truth)}")


def differing(
    before: dict[str, understudy.Prediction],
    after: dict[str, understudy.Prediction],
    truth: dict[str, str],
) -> None:
    """The images on which two stages do not agree."""
    console.print()
    for name, label in truth.items():
        old, new = before[name].label, after[name].label
        if old != new:
            marks = ["[green]✓[/]" if answer == label else "[red]✗[/]" for answer in (old, new)]
            console.print(f"     {name}  {label}:  prod {old} {marks[0]}  dev {new} {marks[1]}")


def listing(folder: Path) -> None:
    """The files of a model with their sizes."""
    for path in sorted(folder.iterdir()):
        console.print(f"     {relative(path):45} [dim]{path.stat().st_size:>9,} bytes[/]")
    console.print()


def pictures() -> None:
    """A few of the images in letters."""
    drawn = [draw(IMAGES / name) for name in SHOWN]
    for row in zip(*drawn, strict=True):
        console.print(escape("     " + "   ".join(row)))
    console.print("     [dim]" + "   ".join(f"{name:{WIDTH}}" for name in SHOWN) + "[/]\n")


def draw(path: Path) -> list[str]:
    """An image as rows of letters, the darker the brighter."""
    with Image.open(path) as image:
        small = image.convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    shades = np.asarray(small, int) * (len(SHADES) - 1) // 255
    return ["".join(SHADES[shade] for shade in row) for row in shades]


def relative(path: Path) -> str:
    """A path as one types it at the project's root."""
    return os.path.relpath(path, ROOT)


if __name__ == "__main__":
    main()
