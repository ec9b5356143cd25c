"""The plan as a `serverless.yml`, for teams that use the Serverless Framework (or osls). Pure.

Roles, bucket, queue and alarms are those of the template; the framework makes the functions, their
URLs, logs and the rule.
"""

from __future__ import annotations

from typing import Any

from ..build.contents import Function
from ..edges.lambda_.settings import MODEL, STAGE, STORE
from . import alarms, template
from .access import may_serve
from .plan import Plan
from .template import ADMISSION, anybody, logical

Json = dict[str, Any]


def serverless(plan: Plan, serving: str, admission: str) -> Json:
    """Everything; `serving` and `admission` are the paths of the zips."""
    resources = template.bucket(plan) | {"Alarms": {"Type": "AWS::SNS::Topic"}}
    functions: Json = {}
    for stage in plan.stages:
        name = logical(stage)
        functions[stage] = _serving(plan, stage, serving)
        resources[f"{name}Role"] = template.role(plan, stage, may_serve(plan, stage))
        resources |= _alarms(plan, stage)
        resources[f"{name}Rejected"] = alarms.rejected(plan, stage)
        if plan.public:
            resources |= _anybody(name)
    functions[ADMISSION] = _admitting(plan, admission)
    resources |= template.admission_parts(plan) | _alarms(plan, ADMISSION)
    return {
        "service": plan.name,
        "provider": {
            "name": "aws",
            "runtime": f"python{plan.python}",
            "architecture": str(plan.arch),
            "region": "${opt:region, env:AWS_REGION, 'us-east-1'}",
            "stage": "all",
            "logRetentionInDays": template.LOG_DAYS,
        },
        "package": {"individually": True},
        "functions": functions,
        "resources": {
            "Resources": resources,
            "Outputs": {"Store": {"Value": template.store(plan)}},
        },
    }


def _serving(plan: Plan, stage: str, artifact: str) -> Json:
    variables = {STORE: template.store(plan), MODEL: plan.model, STAGE: stage}
    function = _function(plan, stage, Function.SERVING, artifact, variables) | {
        "memorySize": plan.memory,
        "timeout": plan.needs.seconds,
        "ephemeralStorageSize": plan.needs.disk,
        "url": {"cors": True} if plan.public else {"authorizer": "aws_iam"},
    }
    return function | ({"snapStart": True} if plan.snapstart else {})


def _admitting(plan: Plan, artifact: str) -> Json:
    queue = {"Fn::GetAtt": ["AdmissionFailed", "Arn"]}
    variables = {STORE: template.store(plan)}
    return _function(plan, ADMISSION, Function.ADMISSION, artifact, variables) | {
        "memorySize": template.ADMITTING_MEMORY,
        "timeout": template.ADMITTING_SECONDS,
        "ephemeralStorageSize": template.ADMITTING_DISK,
        "destinations": {"onFailure": {"type": "sqs", "arn": queue}},
        "events": [{"eventBridge": {"pattern": template.dropped(plan)}}],
    }


def _function(plan: Plan, what: str, function: Function, artifact: str, variables: Json) -> Json:
    return {
        "name": plan.function(what),
        "handler": template.handler(function, plan),
        "package": {"artifact": artifact},
        "role": f"{logical(what)}Role",
        "environment": variables,
    }


def _named(name: str) -> str:
    """What the framework calls the function in its template."""
    return f"{name}LambdaFunction"


def _alarms(plan: Plan, what: str) -> Json:
    """The alarms of a function, which has the framework's name."""
    name = logical(what)
    found = alarms.of_function(plan, what, _named(name))
    return {key.replace(_named(name), name): alarm for key, alarm in found.items()}


def _anybody(name: str) -> Json:
    """The permission that the framework does not give by itself."""
    return {
        key: permission
        for key, permission in anybody(name, {"Ref": _named(name)}).items()
        if permission["Properties"]["Action"] == "lambda:InvokeFunction"
    }
