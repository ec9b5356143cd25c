"""Numbers of calls: what Keras 3.0 and 3.1 wrote, and what every other version did."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from understudy.keras.nodes import Key, MalformedError, NodeSpec
from understudy.keras.numbering import Counting, settle
from understudy.keras.specs import INPUT_CLASS, LayerSpec, ModelSpec


def model(calls: Sequence[tuple[str, int]], outputs: Sequence[tuple[str, int]]) -> ModelSpec:
    """A layer `d` that is called on these."""
    layers = (
        LayerSpec("i", INPUT_CLASS, {}, (NodeSpec(()),)),
        LayerSpec("d", "Dense", {}, tuple(NodeSpec((Key(*at, 0),)) for at in calls)),
    )
    ends = tuple(Key(*at, 0) for at in outputs)
    return ModelSpec("model", False, layers, (Key("i", 0, 0),), ends)


def read(settled: ModelSpec) -> tuple[list[int], list[int]]:
    """The numbers of the calls that d is called on, the input aside; and of the outputs."""
    keys = [key for node in settled.layers[1].nodes for key in node.tensors()]
    return [key.node for key in keys if key.layer == "d"], [key.node for key in settled.outputs]


CHAIN = model([("i", 0), ("d", 2), ("d", 3)], [("d", 2)])
"""What keras 3.0.5 writes of d(d(d(i))), where another model called d twice before."""


def test_outputs_are_counted_apart_from_arguments() -> None:
    assert read(settle(CHAIN, Counting.APART)) == ([0, 1], [2])


def test_an_unknown_version_is_told_by_what_makes_sense() -> None:
    assert read(settle(CHAIN, Counting.UNKNOWN)) == ([0, 1], [2])
    plain = model([("i", 0), ("d", 0), ("i", 0)], [("d", 1), ("d", 2)])
    assert read(settle(plain, Counting.UNKNOWN)) == ([0], [1, 2])


def test_a_session_is_counted_in_both() -> None:
    written = model([("i", 0), ("d", 4)], [("d", 7)])
    assert read(settle(written, Counting.ALIKE)) == ([0], [1])


def test_what_would_be_a_circle_is_not_meant() -> None:
    written = model([("i", 0), ("d", 1)], [("d", 0), ("d", 1)])
    assert read(settle(written, Counting.APART)) == ([0], [0, 1])


def test_numbers_with_several_meanings_are_refused() -> None:
    written = model([("i", 0), ("i", 0), ("d", 1)], [("d", 0), ("d", 1), ("d", 2)])
    with pytest.raises(MalformedError, match="'d' that may mean several calls"):
        settle(written, Counting.APART)
    assert read(settle(written, Counting.UNKNOWN)) == ([1], [0, 1, 2])


def test_numbers_that_fit_nothing_are_refused() -> None:
    for counting in Counting:
        with pytest.raises(MalformedError):
            settle(model([("i", 0), ("d", 0), ("d", 5), ("d", 6)], [("i", 0)]), counting)


def test_there_may_be_too_many_readings_to_try() -> None:
    calls = [("i", 0)] * 12 + [("d", 30 + number) for number in range(6)]
    with pytest.raises(MalformedError, match="several calls"):
        settle(model(calls, [("d", number) for number in range(18)]), Counting.APART)
