"""Chains of constant sums and factors, activation functions in pieces, and equal operators."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from small_graphs import array, graph, simplified
from understudy.compiler.affine import merge_affine
from understudy.compiler.curves import name_curves
from understudy.compiler.emit import AVERAGING_OPSET, OPSET, UNCHANGED, opset_for
from understudy.compiler.graph import Node
from understudy.compiler.passes import share_equal

SHAPE = (3, 4, 2)


def chain(*steps: tuple[str, Any], shape: tuple[int, ...] = SHAPE, end: str = "y") -> list[str]:
    """What is left of x op constant op constant …; a constant in a list comes first."""
    nodes, constants, value = [], {}, "x"
    for number, (op, written) in enumerate(steps):
        first = isinstance(written, list)
        name, output = f"c{number}", "y" if number == len(steps) - 1 else f"v{number}"
        constants[name] = np.asarray(written[0] if first else written, np.float32)
        nodes.append(Node(op, (name, value) if first else (value, name), (output,)))
        value = output
    return simplified(merge_affine, graph(shape, nodes, constants, end), *shape)


CHANNELS = np.array([0.4, 0.5], np.float32)


def test_pixels_are_scaled_with_one_sum_and_one_factor() -> None:
    steps = [("Mul", 1 / 255), ("Sub", CHANNELS), ("Div", CHANNELS / 2), ("Mul", 0.5)]
    assert chain(*steps) == ["Add", "Mul"]


def test_sums_become_one_and_factors_become_one() -> None:
    assert chain(("Add", 2.0), ("Sub", CHANNELS), ("Add", [3.0])) == ["Add"]
    assert chain(("Mul", [2.0]), ("Div", CHANNELS), ("Mul", 3.0)) == ["Mul"]
    assert chain(("Mul", 2.0), ("Add", 0.0)) == ["Mul"]


def test_a_chain_that_makes_the_value_wider_still_does() -> None:
    """A sum of zeros adds nothing, but channels."""
    steps = [("Add", np.zeros(3)), ("Mul", 2.0), ("Div", 5.0)]
    assert chain(*steps, shape=(4, 1)) == ["Mul"]


@pytest.mark.parametrize(
    "steps",
    [
        [("Mul", 2.0), ("Add", 1.0)],  # two already
        [("Mul", 2.0), ("Sub", [1.0]), ("Mul", 3.0)],  # 1 - x
        [("Mul", 2.0), ("Div", [1.0])],  # 1 / x
        [("Add", 12582912.0), ("Sub", 12582912.0), ("Mul", 2.0)],  # rounds to whole numbers
        [("Mul", 1e-8), ("Mul", 2.0)],
        [("Mul", 0.0), ("Add", 1.0), ("Mul", 2.0)],
        [("Mul", np.array([0.0, 1.0])), ("Add", 1.0), ("Mul", 2.0)],
        [("Max", 0.0), ("Mul", 2.0)],
    ],
    ids=str,
)
def test_what_stays(steps: list[tuple[str, Any]]) -> None:
    assert chain(*steps) == [op for op, _ in steps]


def test_not_through_a_value_that_others_take() -> None:
    nodes = [Node("Mul", ("x", "c"), ("a",)), Node("Mul", ("a", "c"), ("y",))]
    before = graph(SHAPE, nodes, {"c": array()}, "y", "a")
    assert simplified(merge_affine, before, *SHAPE) == ["Mul", "Mul"]


# --- Curves -------------------------------------------------------------------------------------


def curve(
    shift: Any, high: Any, op: str, scale: Any, *, low: Any = 0.0, product: str = ""
) -> list[str]:
    """clip(x + shift, low, high) op scale, times a value if it is named."""
    nodes = [
        Node("Add", ("x", "shift"), ("a",)),
        Node("Clip", ("a", "low", "high"), ("b",)),
        Node(op, ("b", "scale"), ("c",)),
        Node("Mul", (product, "c"), ("y",)) if product else Node("Neg", ("c",), ("y",)),
    ]
    numbers = {"shift": shift, "low": low, "high": high, "scale": scale}
    constants = {name: np.asarray(number, np.float32) for name, number in numbers.items()}
    return simplified(name_curves, graph(SHAPE, nodes, constants, "y"), *SHAPE)


def test_a_hard_sigmoid_in_pieces_is_one_operator() -> None:
    assert curve(3.0, 6.0, "Mul", 1 / 6) == ["HardSigmoid", "Neg"]
    assert curve(3.0, 6.0, "Div", 6.0) == ["HardSigmoid", "Neg"]
    assert curve(0.7, 2.0, "Mul", 0.5) == ["HardSigmoid", "Neg"]


def test_a_hard_swish_in_pieces_is_one_operator() -> None:
    assert curve(3.0, 6.0, "Mul", 1 / 6, product="x") == ["HardSwish"]
    assert curve(2.0, 4.0, "Mul", 0.25, product="x") == ["HardSigmoid", "Mul"]
    assert curve(3.0, 6.0, "Mul", 1 / 6, product="shift") == ["HardSigmoid", "Mul"]


@pytest.mark.parametrize(
    "numbers",
    [
        {"shift": 3.0, "high": 6.0, "op": "Mul", "scale": 0.2},
        {"shift": 3.0, "high": 6.0, "op": "Mul", "scale": 1 / 6, "low": -1.0},
        {"shift": [3.0, 2.0], "high": 6.0, "op": "Mul", "scale": 1 / 6},
        {"shift": 3.0, "high": 6.0, "op": "Mul", "scale": [1 / 6, 1 / 6]},
    ],
)
def test_other_pieces_stay(numbers: dict[str, Any]) -> None:
    assert curve(**numbers) == ["Add", "Clip", numbers["op"], "Neg"]


@pytest.mark.parametrize("taken", ["a", "b"])
def test_pieces_that_others_take_stay(taken: str) -> None:
    nodes = [
        Node("Add", ("x", "three"), ("a",)),
        Node("Clip", ("a", "zero", "six"), ("b",)),
        Node("Mul", ("b", "sixth"), ("y",)),
    ]
    numbers = {"three": 3.0, "zero": 0.0, "six": 6.0, "sixth": 1 / 6}
    constants = {name: np.asarray(number, np.float32) for name, number in numbers.items()}
    before = graph(SHAPE, nodes, constants, "y", taken)
    assert simplified(name_curves, before, *SHAPE) == ["Add", "Clip", "Mul"]


# --- Equal operators ----------------------------------------------------------------------------


def test_equal_operators_are_computed_once() -> None:
    nodes = [
        Node("Relu", ("x",), ("a",)),
        Node("Relu", ("x",), ("b",)),
        Node("Softmax", ("a",), ("c",), {"axis": 1}),
        Node("Softmax", ("b",), ("d",), {"axis": 1}),
        Node("Softmax", ("b",), ("e",), {"axis": 2}),
        Node("Sum", ("c", "d", "e"), ("y",)),
    ]
    left = simplified(share_equal, graph(SHAPE, nodes, {}, "y"), *SHAPE)
    assert left == ["Relu", "Softmax", "Softmax", "Sum"]


def test_two_outputs_stay_two() -> None:
    nodes = [Node("Relu", ("x",), ("y",)), Node("Relu", ("x",), ("z",))]
    assert simplified(share_equal, graph(SHAPE, nodes, {}, "y", "z"), *SHAPE) == ["Relu", "Relu"]


# --- Opsets -------------------------------------------------------------------------------------


def test_only_averages_of_plain_graphs_are_written_in_the_older_opset() -> None:
    assert opset_for({"Conv", "Relu"}) == OPSET
    assert opset_for({"Conv", "AveragePool"}) == AVERAGING_OPSET
    assert opset_for({"Conv", "AveragePool", "Gelu"}) == OPSET
    newest = max(onnx.defs.get_schema(op, AVERAGING_OPSET).since_version for op in UNCHANGED)
    assert newest <= AVERAGING_OPSET
