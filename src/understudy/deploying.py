"""Settings become what runs in an AWS account: the part of `wiring` for deployments."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .build.contents import Function
from .building import build_bundle
from .deploy.aws import Account, account
from .deploy.bucket import Bucket
from .deploy.cost import Cost, cost
from .deploy.measured import Measured, measured
from .deploy.plan import Plan
from .deploy.serverless import serverless
from .deploy.stack import Change, Stack
from .deploy.template import Code, anybody, bucket_only, logical, template
from .errors import DeployError
from .release.manifest import ONNX
from .wiring import now

if TYPE_CHECKING:
    from .build.bundle import Bundle

    Built = Callable[[Bundle], None]
    """Is told each bundle that was built."""

Tell = Callable[[str], None]

ZIPS = {Function.SERVING: "understudy-serving.zip", Function.ADMISSION: "understudy-admission.zip"}


@dataclass(frozen=True, slots=True)
class Deployed:
    """What was, or would be, deployed.

    Attributes:
        store: the store's URL.
        region: where it is.
        urls: of each stage's function.
        changes: of the stack.
        bucket: `new`, `kept` from a former deployment, or `there` already.
        alarms: the topic that alarms go to; "" before there is one.
        public: whether anybody may call the URLs.
        dry: nothing was changed.
    """

    store: str
    region: str
    urls: Mapping[str, str]
    changes: tuple[Change, ...]
    bucket: str
    alarms: str
    public: bool
    dry: bool


def deploy(
    plan: Plan,
    *,
    region: str | None,
    dry_run: bool = False,
    tell: Tell = lambda _: None,
    built: Built = lambda _: None,
) -> Deployed:
    """Build the functions, and bring them and all that belongs to them into the account.

    Args:
        plan: what is deployed.
        region: where; None for that of the AWS tools.
        dry_run: say what would change, and change nothing.
        tell: is told what is done now.
        built: is told each bundle.

    Raises:
        BuildError: the bundles cannot be built.
        DeployError: the account cannot be changed; what was there before is there again.
    """
    where = account(region)
    bucket = Bucket(where, plan.bucket(where.id, where.region))
    stack = Stack(where, plan.name, tell)
    plan, state = _with_bucket(plan, bucket, stack)
    run = secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="understudy-deploy-") as name:
        bundles = _build(plan, Path(name), tell)
        for bundle in bundles.values():
            built(bundle)
        if dry_run:
            code = _code(bundles, lambda bundle: bucket.code_place(bundle.sha256))
            changes = stack.plan(template(plan, code), run)
            store = f"s3://{bucket.name}"
            return Deployed(store, where.region, {}, changes, state, "", plan.public, True)
        if state == "new":
            tell("making the bucket")
            stack.apply(bucket_only(plan), f"{run}-bucket")
        tell("uploading the functions")
        code = _code(bundles, lambda bundle: bucket.put_code(bundle.path, bundle.sha256))
    tell("planning what changes")
    changes = stack.apply(template(plan, code), run)
    with contextlib.suppress(DeployError):  # it costs little to keep, and the next one tries again
        bucket.remove_code({bundle.sha256 for bundle in bundles.values()})
    if not plan.has_bucket:
        bucket.send_events()
    return _deployed(plan, where, stack.outputs(), changes, state, plan.public)


def _deployed(
    plan: Plan,
    where: Account,
    said: Mapping[str, str],
    changes: tuple[Change, ...],
    state: str,
    public: bool,
) -> Deployed:
    urls = _urls(said, plan.stages)
    alarms = said.get("Alarms", "")
    return Deployed(said["Store"], where.region, urls, changes, state, alarms, public, False)


def _with_bucket(plan: Plan, bucket: Bucket, stack: Stack) -> tuple[Plan, str]:
    """Decide whose the bucket is: the stack's, or one that a former stack left."""
    if "Models" in stack.resources():
        return plan, "there"
    if bucket.exists():
        return replace(plan, has_bucket=False), "kept"
    return plan, "new"


def _build(plan: Plan, folder: Path, tell: Tell) -> dict[Function, Bundle]:
    return {
        function: build_bundle(
            plan.python,
            plan.arch,
            folder / name,
            lambda text, function=function: tell(f"{function}: {text}"),  # type: ignore[misc]
            function=function,
            engine=plan.engine if function is Function.SERVING else ONNX,
        )
        for function, name in ZIPS.items()
    }


def _code(bundles: Mapping[Function, Bundle], place: Callable[[Bundle], Mapping[str, str]]) -> Code:
    serving, admission = bundles[Function.SERVING], bundles[Function.ADMISSION]
    return Code(place(serving), place(admission), serving.sha256)


def _urls(outputs: Mapping[str, str], stages: tuple[str, ...]) -> dict[str, str]:
    named = {stage: outputs.get(f"{logical(stage)}Url") for stage in stages}
    return {stage: url for stage, url in named.items() if url}


def written_template(plan: Plan, kind: str) -> dict[str, Any]:
    """The template as a person keeps it, with the zips of `understudy build` beside it.

    Args:
        plan: what is deployed.
        kind: `cloudformation` or `serverless`.
    """
    serving, admission = ZIPS[Function.SERVING], ZIPS[Function.ADMISSION]
    if kind == "serverless":
        return serverless(plan, serving, admission)
    made = template(plan, Code(serving, admission, "0"))
    # The zips beside it: cfn-lint need not say that `package` has to be run first.
    return {**made, "Metadata": {"cfn-lint": {"config": {"ignore_checks": ["W3002"]}}}}


def find_deployed(plan: Plan, region: str | None) -> Deployed:
    """What is deployed of a model.

    Raises:
        DeployError: nothing is.
    """
    where = account(region)
    stack = Stack(where, plan.name)
    said = stack.outputs()
    if "Store" not in said:
        raise _not_deployed(plan, where)
    allowing = {name for stage in plan.stages for name in anybody(logical(stage), {})}
    public = not allowing.isdisjoint(stack.resources())
    return _deployed(plan, where, said, (), "there", public)


def _not_deployed(plan: Plan, where: Account) -> DeployError:
    return DeployError(
        f"{plan.model} is not deployed in {where.region}",
        hint=f"`understudy deploy {plan.model}` does it; --region if it is in another region",
    )


def destroy(plan: Plan, *, region: str | None, tell: Tell = lambda _: None) -> str:
    """Take everything away but the bucket and the models in it; gives the store's URL.

    What is left of a deployment that failed goes, too.

    Raises:
        DeployError: nothing is deployed, or it cannot be taken away.
    """
    where = account(region)
    bucket = Bucket(where, plan.bucket(where.id, where.region))
    if not Stack(where, plan.name, tell).delete():
        raise _not_deployed(plan, where)
    bucket.remove_code()
    return f"s3://{bucket.name}"


def price(
    plan: Plan, stage: str, *, region: str | None, milliseconds: float | None
) -> tuple[Measured | None, Cost]:
    """What a million classifications cost, by what was said or by what CloudWatch measured.

    Raises:
        DeployError: nothing was measured yet.
    """
    if milliseconds is not None:
        return None, cost(milliseconds, plan.memory, plan.arch)
    function = plan.function(stage)
    found = measured(account(region), function, now())
    if found is None:
        raise DeployError(
            f"nothing was measured of {function} in the last days",
            hint="classify some images with it, or give --milliseconds of your own measurement;"
            f" `understudy open {plan.model}` says whether it is deployed",
        )
    return found, cost(found.milliseconds, found.memory, found.arch)
