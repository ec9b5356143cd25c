"""The plan as a CloudFormation template. Pure: it says all that will be in the account.

No transform is used, so that what a person reads is what is made.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..build.contents import CONTENTS, Function
from ..build.layout import laid_out, usual_layout
from ..edges.lambda_.settings import MODEL, STAGE, STORE
from ..release.layout import RESERVED
from ..release.manifest import ONNX
from . import alarms
from .access import arn, may_admit, may_log, may_serve
from .plan import Plan

Json = dict[str, Any]

ADMISSION = "admission"

ADMITTING_SECONDS = 900
"""The longest that Lambda gives."""

ADMITTING_MEMORY = 2048
ADMITTING_DISK = 4096
"""MB: the sources of a model, and what is made of them, of more than 1 GB."""

LOG_DAYS = 30
OLD_VERSION_DAYS = 90
"""How long an object that was replaced or deleted can be brought back."""

DEAD_LETTER_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Code:
    """Where the zips of the functions are: `Code` properties of AWS::Lambda::Function.

    A path to a local file is for `aws cloudformation package`.

    Attributes:
        serving: of the functions that serve.
        admission: of the one that admits.
        version: says which code it is, in hexadecimal; a published version belongs to it.
    """

    serving: str | Mapping[str, str]
    admission: str | Mapping[str, str]
    version: str = ""


def template(plan: Plan, code: Code) -> Json:
    """Everything."""
    resources = bucket(plan) | {"Alarms": {"Type": "AWS::SNS::Topic"}}
    outputs: Json = {"Store": {"Value": store(plan)}, "Alarms": {"Value": {"Ref": "Alarms"}}}
    for stage in plan.stages:
        resources |= _stage(plan, stage, code)
        outputs[f"{logical(stage)}Url"] = {
            "Value": {"Fn::GetAtt": [f"{logical(stage)}Url", "FunctionUrl"]}
        }
    resources |= _admission(plan, code)
    return _document(plan, resources, outputs)


def bucket_only(plan: Plan) -> Json:
    """The first step of a first deployment: the code needs a bucket to be in."""
    return _document(plan, bucket(plan), {"Store": {"Value": store(plan)}})


def _document(plan: Plan, resources: Json, outputs: Json) -> Json:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Understudy serves the image classifier {plan.model}",
        "Resources": resources,
        "Outputs": outputs,
    }


def logical(stage: str) -> str:
    """How the names of a stage's resources in the template begin."""
    return stage.capitalize()


def store(plan: Plan) -> Json:
    """The store's URL."""
    return {"Fn::Sub": f"s3://{plan.bucket()}"}


# --- The bucket ---------------------------------------------------------------------------------


def bucket(plan: Plan) -> Json:
    """The store: private, encrypted, versioned; it outlives the stack."""
    if not plan.has_bucket:
        return {}
    keep = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {
        "Models": {
            "Type": "AWS::S3::Bucket",
            **keep,
            "Properties": {
                "BucketName": {"Fn::Sub": plan.bucket()},
                "VersioningConfiguration": {"Status": "Enabled"},
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                    ]
                },
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Id": "leftovers",
                            "Status": "Enabled",
                            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                            "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSION_DAYS},
                        }
                    ]
                },
                "NotificationConfiguration": {
                    "EventBridgeConfiguration": {"EventBridgeEnabled": True}
                },
            },
        },
        "ModelsPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            **keep,
            "Properties": {
                "Bucket": {"Ref": "Models"},
                "PolicyDocument": _policy(
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [arn(plan), arn(plan, "/*")],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ),
            },
        },
    }


# --- The functions that serve -------------------------------------------------------------------


def _stage(plan: Plan, stage: str, code: Code) -> Json:
    name = logical(stage)
    resources = {
        name: _function(
            plan,
            stage,
            Code=code.serving,
            Description=f"Classifies images with the model {plan.model}, stage {stage}",
            Handler=handler(Function.SERVING, plan),
            MemorySize=plan.memory,
            Timeout=plan.needs.seconds,
            EphemeralStorage={"Size": plan.needs.disk},
            Environment=environment({STORE: store(plan), MODEL: plan.model, STAGE: stage}),
            **({"SnapStart": {"ApplyOn": "PublishedVersions"}} if plan.snapstart else {}),
        ),
        f"{name}Log": _log(plan, stage),
        f"{name}Role": role(plan, stage, may_serve(plan, stage)),
        f"{name}Url": {"Type": "AWS::Lambda::Url", "Properties": _url(plan, name)},
        **alarms.of_function(plan, stage, name),
        f"{name}Rejected": alarms.rejected(plan, stage),
    }
    if plan.snapstart:
        resources |= _published(name, code.version)
    if plan.public:
        resources |= anybody(name, target(plan, name))
    return resources


def target(plan: Plan, name: str) -> Json:
    """What a stage's URL calls: the function, or its snapshot."""
    return {"Ref": f"{name}Live" if plan.snapstart else name}


def _published(name: str, version: str) -> Json:
    """A version is never changed: other code makes another resource."""
    published = f"{name}Version{version[:12]}"
    return {
        published: {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Delete",
            "Properties": {"FunctionName": {"Ref": name}},
        },
        f"{name}Live": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "Name": "live",
                "FunctionName": {"Ref": name},
                "FunctionVersion": {"Fn::GetAtt": [published, "Version"]},
            },
        },
    }


def _url(plan: Plan, name: str) -> Json:
    url: Json = {
        "TargetFunctionArn": target(plan, name),
        "AuthType": "NONE" if plan.public else "AWS_IAM",
    }
    if plan.public:
        url["Cors"] = {
            "AllowOrigins": ["*"],
            "AllowMethods": ["GET", "POST"],
            "AllowHeaders": ["content-type"],
        }
    return url


def anybody(name: str, called: Json) -> Json:
    """Let anybody call a URL: since October 2025 that takes two permissions.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    """
    every = {"FunctionName": called, "Principal": "*"}
    return {
        f"{name}MayBeAsked": _permission(
            every | {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
        ),
        f"{name}MayBeRun": _permission(
            every | {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
        ),
    }


def _permission(properties: Json) -> Json:
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}


# --- The function that admits -------------------------------------------------------------------


def _admission(plan: Plan, code: Code) -> Json:
    return {
        "Admission": _function(
            plan,
            ADMISSION,
            Code=code.admission,
            Description=f"Admits what is dropped into the stage folders of {plan.model}",
            Handler=handler(Function.ADMISSION, plan),
            MemorySize=ADMITTING_MEMORY,
            Timeout=ADMITTING_SECONDS,
            EphemeralStorage={"Size": ADMITTING_DISK},
            DeadLetterConfig={"TargetArn": {"Fn::GetAtt": ["AdmissionFailed", "Arn"]}},
            Environment=environment({STORE: store(plan)}),
        ),
        "AdmissionLog": _log(plan, ADMISSION),
        "AdmissionMayBeRun": _permission(
            {
                "FunctionName": {"Ref": "Admission"},
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": ["Dropped", "Arn"]},
            }
        ),
        "Dropped": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Description": f"Files of {plan.model} came, or went",
                "EventPattern": dropped(plan),
                "Targets": [{"Id": "admission", "Arn": {"Fn::GetAtt": ["Admission", "Arn"]}}],
            },
        },
        **admission_parts(plan),
        **alarms.of_function(plan, ADMISSION, "Admission"),
    }


def admission_parts(plan: Plan) -> Json:
    """What belongs to admission, besides the function itself."""
    queue = {"Fn::GetAtt": ["AdmissionFailed", "Arn"]}
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}
    return {
        "AdmissionRole": role(plan, ADMISSION, [*may_admit(plan), send]),
        "AdmissionFailed": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "MessageRetentionPeriod": DEAD_LETTER_SECONDS,
                "SqsManagedSseEnabled": True,
            },
        },
        "AdmissionFailedAlarm": alarms.dead_letters(plan),
    }


def dropped(plan: Plan) -> Json:
    """The events that admission hears of: all files of people's, and nothing that it writes itself.

    What it copies into a stage folder it hears of, too; then it finds nothing to do.
    """
    below = (f"{plan.model}/{folder}/*" for folder in RESERVED)
    ours = ("*/status.json", ".understudy/*", *below)
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {
            "bucket": {"name": [{"Fn::Sub": plan.bucket()}]},
            "object": {"key": [{"anything-but": {"wildcard": list(ours)}}]},
        },
    }


# --- What all functions have --------------------------------------------------------------------


def _function(plan: Plan, what: str, **properties: Any) -> Json:
    name = logical(what)
    return {
        "Type": "AWS::Lambda::Function",
        "DependsOn": [f"{name}Log"],
        "Properties": {
            "FunctionName": plan.function(what),
            "Runtime": f"python{plan.python}",
            "Architectures": [str(plan.arch)],
            "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
            **properties,
        },
    }


def handler(function: Function, plan: Plan) -> str:
    """What Lambda calls, in the bundle that `deploy` builds."""
    engine = plan.engine if function is Function.SERVING else ONNX
    return laid_out(CONTENTS[function, engine], usual_layout(engine)).entry


def environment(variables: Mapping[str, Any]) -> Json:
    """Variables of a function."""
    return {"Variables": dict(variables)}


def _log(plan: Plan, what: str) -> Json:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"LogGroupName": log_group(plan, what), "RetentionInDays": LOG_DAYS},
    }


def log_group(plan: Plan, what: str) -> str:
    """Where a function's lines go."""
    return f"/aws/lambda/{plan.function(what)}"


def role(plan: Plan, what: str, statements: list[Json]) -> Json:
    """Whose rights a function has."""
    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": f"What {plan.function(what)} may do",
            "AssumeRolePolicyDocument": _policy(trusted),
            "Policies": [
                {
                    "PolicyName": what,
                    "PolicyDocument": _policy(*statements, may_log(log_group(plan, what))),
                }
            ],
        },
    }


def _policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}
