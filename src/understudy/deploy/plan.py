"""What is deployed, and what everything is called. Pure.

One stack serves one model: a bucket, a function for each stage, and the function that admits.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from ..build.target import Arch, Python
from ..errors import InputError
from ..release.layout import DEFAULT_STAGES, check_model
from ..release.manifest import KERAS, ONNX

LEAST_MEMORY, MOST_MEMORY = 256, 10_240
"""MB that a function may have; with less than 256 no release opens."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a function that serves is given.

    Attributes:
        memory: MB, where nobody says; Lambda gives a processor to each 1,769 of them.
        seconds: until Lambda ends an invocation.
        disk: MB of /tmp.
    """

    memory: int
    seconds: int
    disk: int


LAMBDA_DISK = 512
"""MB of /tmp that every function has, and the most that a snapshot may hold."""

NEEDS = {ONNX: Needs(1024, 30, LAMBDA_DISK), KERAS: Needs(1769, 90, 1024)}
"""By the engine: docs/engines.md says what Keras needs."""

DEFAULT_MEMORY = NEEDS[ONNX].memory

MAX_SLUG = 24
"""Letters of the model's name in the bucket's: with the account and the region there are 63."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is deployed.

    Attributes:
        model: whose.
        stages: those that get a function.
        memory: of each of these, in MB.
        arch: of all functions.
        python: of all functions.
        snapstart: begin from a snapshot that has the release in memory already.
        public: anybody may call the URLs; else only who may by IAM.
        has_bucket: the bucket is part of the stack; else it is there already, and stays as it is.
        engine: what runs models: onnx, or keras besides.
    """

    model: str
    stages: tuple[str, ...] = DEFAULT_STAGES
    memory: int = DEFAULT_MEMORY
    arch: Arch = Arch.X86_64
    python: Python = Python.PY313
    snapstart: bool = False
    public: bool = False
    has_bucket: bool = True
    engine: str = ONNX

    def __post_init__(self) -> None:
        check_model(self.model)
        if self.engine not in NEEDS:
            raise InputError(
                f"there is no engine {self.engine!r}", hint=f"the engines are {' and '.join(NEEDS)}"
            )
        if self.snapstart and self.needs.disk > LAMBDA_DISK:
            raise InputError(
                f"--snapstart does not go with the engine {self.engine}, whose functions need"
                f" {self.needs.disk} MB of /tmp",
                hint=f"AWS takes snapshots with {LAMBDA_DISK} MB of it: leave out one of the two",
            )
        if not LEAST_MEMORY <= self.memory <= MOST_MEMORY:
            raise InputError(
                f"{self.memory} MB of memory cannot be had",
                hint=f"give {LEAST_MEMORY} to {MOST_MEMORY}; 1769 is a whole processor",
            )
        for stage in self.stages:
            if stage not in DEFAULT_STAGES:
                raise InputError(
                    f"there is no stage {stage}", hint=f"the stages are {', '.join(DEFAULT_STAGES)}"
                )

    @property
    def needs(self) -> Needs:
        """Of its functions that serve."""
        return NEEDS[self.engine]

    @property
    def name(self) -> str:
        """Of the stack, and how the names of its functions begin."""
        return f"understudy-{slug(self.model)}"

    def bucket(self, account: str = "${AWS::AccountId}", region: str = "${AWS::Region}") -> str:
        """The bucket's name; by default as `Fn::Sub` takes it."""
        return f"{self.name}-{account}-{region}"

    def function(self, what: str) -> str:
        """The name of a stage's function, or of `admission`."""
        return f"{self.name}-{what}"


def slug(model: str) -> str:
    """A model's name as buckets take it: small letters, digits and hyphens.

    Where something is lost, a few digits of a hash keep two models apart.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    if plain == model and len(plain) <= MAX_SLUG:
        return plain
    digits = hashlib.sha256(model.encode()).hexdigest()[:6]
    return f"{plain[: MAX_SLUG - 7].strip('-')}-{digits}".strip("-")
