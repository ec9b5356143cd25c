"""Who may do what: the policies of the functions' roles. Pure.

The functions that serve read one model's releases and their own stage's pointer, and write nothing.
The one that admits writes below the model's folder, and nowhere else.
"""

from __future__ import annotations

from typing import Any

from .plan import Plan

Json = dict[str, Any]

READ = ("s3:GetObject",)
WRITE = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")


def may_serve(plan: Plan, stage: str) -> list[Json]:
    """What the function of a stage may do in the bucket.

    Listing is not bound to a prefix: S3 says "forbidden" rather than "not there" of a missing
    object to everybody who may not list the bucket. All of it is this model's.
    """
    objects = (f"{plan.model}/stages/{stage}.json", f"{plan.model}/releases/*")
    return [_list(plan), _on(plan, READ, objects)]


def may_admit(plan: Plan) -> list[Json]:
    """What the function that admits may do in the bucket."""
    return [_list(plan), _on(plan, WRITE, (f"{plan.model}/*",))]


def may_log(group: str) -> Json:
    """Allow writing into a log group."""
    return {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": {"Fn::Sub": f"arn:${{AWS::Partition}}:logs:*:${{AWS::AccountId}}:*:{group}:*"},
    }


def _list(plan: Plan) -> Json:
    return {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn(plan)}


def _on(plan: Plan, actions: tuple[str, ...], objects: tuple[str, ...]) -> Json:
    resources = [arn(plan, f"/{key}") for key in objects]
    return {"Effect": "Allow", "Action": list(actions), "Resource": resources}


def arn(plan: Plan, rest: str = "") -> Json:
    """The name by which policies know the bucket, or what is in it."""
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{plan.bucket()}{rest}"}
