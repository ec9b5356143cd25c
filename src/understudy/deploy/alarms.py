"""What somebody should hear of. All alarms go to one topic, to which people subscribe. Pure."""

from __future__ import annotations

from typing import Any

from ..edges.lambda_.log import NAMESPACE
from .plan import Plan

Json = dict[str, Any]

PERIOD_SECONDS = 300


def of_function(plan: Plan, what: str, name: str) -> Json:
    """A function failed, or was not started because too many ran."""
    return {
        f"{name}{metric}": _alarm(
            f"{plan.function(what)} {why}",
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": {"Ref": name}}],
        )
        for metric, why in (("Errors", "failed"), ("Throttles", "was throttled"))
    }


def rejected(plan: Plan, stage: str) -> Json:
    """A model that somebody dropped was refused; status.json says why."""
    return _alarm(
        f"files for {stage} of {plan.model} were refused: see {plan.model}/{stage}/status.json",
        Namespace=NAMESPACE,
        MetricName="Rejected",
        Dimensions=[{"Name": "Model", "Value": plan.model}, {"Name": "Stage", "Value": stage}],
    )


def dead_letters(plan: Plan) -> Json:
    """Events that admission failed on, again and again."""
    return _alarm(
        f"admission of {plan.model} failed for good on an event",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Statistic="Maximum",
        Dimensions=[
            {"Name": "QueueName", "Value": {"Fn::GetAtt": ["AdmissionFailed", "QueueName"]}}
        ],
    )


def _alarm(description: str, **properties: Any) -> Json:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            "Statistic": "Sum",
            "Period": PERIOD_SECONDS,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Alarms"}],
            **properties,
        },
    }
