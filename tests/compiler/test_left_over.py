"""What moves, copies or converts is there where it is needed, and nowhere else."""

from __future__ import annotations

from collections import Counter

import pytest
from golden_set import Golden, goldens

from running import compile_files

MOVES = ("Transpose", "Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Pad")

ONE = {"Transpose": 1}
"""Images come with the channels last, operators want them in front."""

LEFT: dict[str, dict[str, int]] = {
    "vgg_functional": ONE,
    "densenet": ONE,
    "dilation": ONE,
    "mobile": ONE,
    "nested": ONE,
    "resnet": {"Transpose": 1, "Pad": 1},  # before a MaxPool, which pads with minus infinity
    "channels_first": {},
    "efficientnet_v2": ONE,
    "mobilenet": ONE,
    "mobilenet_v2": ONE,
    "mobilenet_v3": ONE,
    "nasnet": {"Transpose": 1, "Pad": 8},  # before poolings
}
VERSIONS = ("keras-2.2.4", "keras-3.15.1", "keras-3.15.1+applications")


def cases() -> list[Golden]:
    return [g for g in goldens() if g.version in VERSIONS and g.model in LEFT]


@pytest.mark.parametrize("golden", cases(), ids=lambda g: f"{g.version}/{g.model}")
def test_no_move_is_left_over(golden: Golden) -> None:
    (weights,) = {"weights.h5", "model.weights.h5"} & set(golden.files)
    made = compile_files({name: golden.read(name) for name in ("architecture.json", weights)})
    counted = Counter(made.operators)
    assert {op: counted[op] for op in MOVES if counted[op]} == LEFT[golden.model]


def test_every_model_of_the_table_was_looked_at() -> None:
    assert {golden.model for golden in cases()} == set(LEFT)
