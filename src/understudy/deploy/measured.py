"""What CloudWatch has measured of a function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..build.target import Arch
from .aws import ABSENT, Account, code_of, explained

DAYS = 14


@dataclass(frozen=True, slots=True)
class Measured:
    """A function as it ran.

    Attributes:
        milliseconds: the mean duration that was billed for; cold starts are not in it.
        invocations: how many these were.
        days: in how many days.
        memory: of the function now, in MB.
        arch: of the function now.
    """

    milliseconds: float
    invocations: int
    days: int
    memory: int
    arch: Arch


def measured(account: Account, function: str, now: datetime) -> Measured | None:
    """Read the mean duration of the last days; None when it did not run, or is not there."""
    with explained(f"read the measurements of {function}"):
        try:
            found = account.client("lambda").get_function_configuration(FunctionName=function)
        except Exception as error:
            if code_of(error) in ABSENT:
                return None
            raise
        points = account.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Duration",
            Dimensions=[{"Name": "FunctionName", "Value": function}],
            StartTime=now - timedelta(days=DAYS),
            EndTime=now,
            Period=DAYS * 24 * 3600,
            Statistics=["Average", "SampleCount"],
        )["Datapoints"]
    count = sum(point["SampleCount"] for point in points)
    if not count:
        return None
    mean = sum(point["Average"] * point["SampleCount"] for point in points) / count
    arch = Arch((found.get("Architectures") or [Arch.X86_64])[0])
    return Measured(mean, int(count), DAYS, int(found["MemorySize"]), arch)
