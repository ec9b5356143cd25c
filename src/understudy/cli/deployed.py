"""Printing what is deployed, templates, and what it costs. No decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ..deploy.prices import DATE
from ..deploy.prices import REGION as PRICED
from ..release.manifest import ONNX
from ..wiring import STORE_VARIABLE
from .terminal import output, print_json, shown, talk

if TYPE_CHECKING:
    from ..build.bundle import Bundle
    from ..deploy.cost import Cost
    from ..deploy.measured import Measured
    from ..deploy.plan import Plan
    from ..deploying import Deployed

SIGNED = '--aws-sigv4 "aws:amz:{region}:lambda" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" '

BUCKETS = {
    "new": "a new bucket",
    "kept": "the bucket of a former deployment",
    "there": "the bucket that is there",
}


def bundle(*, as_json: bool) -> Callable[[Bundle], None]:
    """Say of each bundle how large it is, and whether it was run."""

    def say(done: Bundle) -> None:
        proved = "proved" if done.proof.ran else f"not run here: {done.proof.why_not}"
        size = f"{done.size.zipped / 1e6:.1f} MB zipped, {done.size.plain / 1e6:.1f} MB unzipped"
        talk().print(f"{done.recipe.contents.function}: {size}; {shown(proved)}")

    return (lambda _: None) if as_json else say


def deployment(model: str, done: Deployed, *, as_json: bool) -> None:
    """Print the URLs and the store."""
    if as_json:
        print_json(asdict(done))
        return
    out = output()
    if done.changes or done.dry:
        out.print(_changes(done))
        out.print()
    if done.dry:
        out.print(f"nothing was changed; models would be in {BUCKETS[done.bucket]}, {done.store}")
        return
    for stage, url in done.urls.items():
        out.print(f"{shown(stage):6}{shown(url)}")
    out.print(f"{'store':6}{shown(done.store)}")
    out.print()
    region = shown(done.region)
    out.print("To go on:", style="dim")
    out.print(f"  export {STORE_VARIABLE}={shown(done.store)} AWS_REGION={region}")
    out.print(f"  understudy push MODEL_FILES --model {shown(model)}")
    for url in [*done.urls.values()][:1]:
        signed = "" if done.public else SIGNED.format(region=region)
        out.print(f"  curl {signed}--data-binary @image.jpg {shown(url)}classify")
    if done.alarms:
        out.print(
            f"  aws sns subscribe --region {region} --topic-arn {shown(done.alarms)}"
            " --protocol email --notification-endpoint YOU"
        )


def _changes(done: Deployed) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("change", "resource", "kind"):
        table.add_column(column)
    for change in done.changes:
        table.add_row(change.action.lower(), shown(change.resource), shown(change.kind))
    if not done.changes:
        table.add_row("none", "", "")
    return table


def template(plan: Plan, made: dict[str, Any], kind: str) -> None:
    """Print a template as YAML, with how it is used."""
    python, arch = plan.python, plan.arch
    engine = "" if plan.engine == ONNX else f" --engine {plan.engine}"
    use = {
        "cloudformation": "aws cloudformation package --template-file template.yml --s3-bucket B"
        " --output-template-file packaged.yml\n"
        "#   aws cloudformation deploy --template-file packaged.yml --capabilities CAPABILITY_IAM"
        f" --stack-name {plan.name}",
        "serverless": "serverless deploy    (or: osls deploy)",
    }[kind]
    out = output()
    out.print(
        f"# Build the functions beside this file, then deploy it:\n"
        f"#   understudy build --python {python} --arch {arch}{engine} -o understudy-serving.zip\n"
        f"#   understudy build --python {python} --arch {arch} --function admission"
        f" -o understudy-admission.zip\n#   {use}",
        markup=False,
        soft_wrap=True,
    )
    if plan.snapstart and kind == "cloudformation":
        out.print(
            "# Whenever you deploy other functions, give the resources with Version in their\n"
            "# names another number: a published version never changes.",
            markup=False,
            soft_wrap=True,
        )
    import yaml

    # Without anchors: a person shall read it from the top to the bottom.
    plain = type("Plain", (yaml.SafeDumper,), {"ignore_aliases": lambda _self, _data: True})
    text = yaml.dump(made, Dumper=plain, sort_keys=False, allow_unicode=True, width=100)
    out.print(text, markup=False, soft_wrap=True, end="")


def price(plan: Plan, stage: str, found: Measured | None, cost: Cost, *, as_json: bool) -> None:
    """Print dollars, and what they rest on."""
    memory, arch = (plan.memory, plan.arch) if found is None else (found.memory, found.arch)
    if as_json:
        print_json(
            {
                "model": plan.model,
                "stage": stage,
                "memory": memory,
                "arch": arch,
                "measured": None if found is None else asdict(found),
                "per_million": {**asdict(cost), "total": cost.total},
                "prices": {"date": DATE, "region": PRICED},
            }
        )
        return
    out = output()
    if found is not None:
        out.print(
            f"CloudWatch measured {found.milliseconds:.1f} ms in the mean of {found.invocations:,}"
            f" invocations in {found.days} days, without cold starts"
        )
    out.print(f"${cost.total:.2f} for a million classifications with {memory} MB on {arch}:")
    out.print(f"  ${cost.compute:.2f} for memory and time, ${cost.invocations:.2f} for invocations")
    out.print(
        f"prices of {DATE} in {PRICED}, without the free tier; logs and data that leaves AWS are"
        " not in it"
    )


def destroyed(name: str, store: str) -> None:
    """Say what is gone, and what is not."""
    output().print(f"{shown(name)} is gone; the models are still in {shown(store)}")
