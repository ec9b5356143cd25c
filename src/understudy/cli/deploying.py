"""Commands that bring functions into an AWS account, and look after them there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from .. import building
from .. import deploying as parts
from ..build.interpreter import here
from ..build.target import Arch, Python
from ..deploy.plan import DEFAULT_MEMORY, NEEDS, Plan
from ..errors import InputError
from ..release.layout import DEFAULT_STAGES
from . import deployed
from .options import DryRun, Engine, Json, Name
from .terminal import progress

Region = Annotated[
    str | None,
    typer.Option(help="the AWS region; that of the AWS tools without it", show_default=False),
]
Stages = Annotated[
    list[str] | None,
    typer.Option(
        "--stage",
        help="a stage that gets a function; repeat it; all without it",
        show_default=False,
    ),
]
Memory = Annotated[
    int | None,
    typer.Option(
        help=f"MB of the functions that serve; 1769 is a processor. {DEFAULT_MEMORY} without it,"
        f" {NEEDS[Engine.KERAS].memory} with --engine keras",
        show_default=False,
    ),
]
FunctionArch = Annotated[
    Arch | None,
    typer.Option("--arch", help="x86_64 or arm64; this machine's without it", show_default=False),
]
FunctionPython = Annotated[Python, typer.Option("--python", help="3.13 or 3.14")]
SnapStart = Annotated[
    bool, typer.Option("--snapstart", help="start from a snapshot with the model in memory")
]
Runs = Annotated[
    Engine,
    typer.Option("--engine", help="keras: also run releases that were pushed with --engine keras"),
]
Public = Annotated[
    bool, typer.Option("--public", help="anybody may call the URLs; without it only who may by IAM")
]


class Kind(StrEnum):
    """The kinds of templates."""

    CLOUDFORMATION = "cloudformation"
    SERVERLESS = "serverless"


def deploy(
    model: Name,
    stage: Stages = None,
    region: Region = None,
    memory: Memory = None,
    arch: FunctionArch = None,
    python: FunctionPython = building.DEFAULT_PYTHON,
    snapstart: SnapStart = False,
    public: Public = False,
    engine: Runs = Engine.ONNX,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Bring a model's functions, and all that belongs to them, into your AWS account.

    It makes a private bucket for the model, a function with a URL for each stage, and one that
    admits what is dropped into the bucket. Done again, it changes what is not so.
    """
    plan = _plan(model, stage, memory, arch, python, snapstart, public, engine)
    with progress() as tell:
        done = parts.deploy(
            plan, region=region, dry_run=dry_run, tell=tell, built=deployed.bundle(as_json=json)
        )
    deployed.deployment(plan.model, done, as_json=json)


def template(
    model: Name,
    kind: Annotated[Kind, typer.Option("--format", help="of what")] = Kind.CLOUDFORMATION,
    stage: Stages = None,
    memory: Memory = None,
    arch: FunctionArch = None,
    python: FunctionPython = building.DEFAULT_PYTHON,
    snapstart: SnapStart = False,
    public: Public = False,
    engine: Runs = Engine.ONNX,
) -> None:
    """Print what `deploy` deploys as a template of CloudFormation, or a serverless.yml."""
    plan = _plan(model, stage, memory, arch, python, snapstart, public, engine)
    deployed.template(plan, parts.written_template(plan, kind), kind)


def open(model: Name, region: Region = None, json: Json = False) -> None:
    """Print the URLs of a model that is deployed, and its store."""
    deployed.deployment(model, parts.find_deployed(Plan(model), region), as_json=json)


def cost(
    model: Name,
    stage: Annotated[str, typer.Option(help="whose function")] = DEFAULT_STAGES[-1],
    milliseconds: Annotated[
        float | None,
        typer.Option(
            help="of an invocation, as you measured it; what CloudWatch measured without it",
            show_default=False,
        ),
    ] = None,
    memory: Memory = None,
    arch: FunctionArch = None,
    region: Region = None,
    json: Json = False,
) -> None:
    """Print what a million classifications cost, by how long they took.

    --memory and --arch go with --milliseconds; else they are those of the function.
    """
    plan = Plan(model, (stage,), DEFAULT_MEMORY if memory is None else memory, arch or here())
    found = parts.price(plan, stage, region=region, milliseconds=milliseconds)
    deployed.price(plan, stage, *found, as_json=json)


def destroy(
    model: Name,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    region: Region = None,
) -> None:
    """Remove all that `deploy` made, but for the bucket with the models."""
    plan = Plan(model)
    if not yes:
        if not sys.stdin.isatty():
            raise InputError(f"this removes {plan.name}", hint="say --yes if that is meant")
        typer.confirm(f"Remove {plan.name}, its functions and their URLs?", abort=True)
    with progress() as tell:
        store = parts.destroy(plan, region=region, tell=tell)
    deployed.destroyed(plan.name, store)


def _plan(
    model: str,
    stages: list[str] | None,
    memory: int | None,
    arch: Arch | None,
    python: Python,
    snapstart: bool,
    public: bool,
    engine: Engine,
) -> Plan:
    wanted = tuple(dict.fromkeys(stages or DEFAULT_STAGES))
    return Plan(
        model,
        wanted,
        NEEDS[engine].memory if memory is None else memory,
        arch or here(),
        python,
        snapstart=snapstart,
        public=public,
        engine=engine,
    )


COMMANDS: tuple[Callable[..., None], ...] = (deploy, template, open, cost, destroy)
"""In the order in which the help lists them."""
