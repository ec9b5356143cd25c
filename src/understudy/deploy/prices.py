"""AWS' public prices for Lambda, in US dollars, region us-east-1, first tier, without free tier.

Other regions cost up to a third more. https://aws.amazon.com/lambda/pricing/
"""

from __future__ import annotations

from collections.abc import Mapping

from ..build.target import Arch

DATE = "2025-11"
"""When these were the public prices."""

REGION = "us-east-1"

GIGABYTE_SECOND: Mapping[Arch, float] = {Arch.X86_64: 0.0000166667, Arch.ARM64: 0.0000133334}
"""For a GB (1,024 MB) of memory during a second."""

INVOCATION = 0.20 / 1_000_000
