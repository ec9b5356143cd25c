"""Passes on small graphs: each keeps the results, and leaves alone what it must not touch."""

from __future__ import annotations

import numpy as np
import pytest

from small_graphs import array, graph, simplified
from understudy.compiler.graph import Node
from understudy.compiler.moves import lift_transposes, merge_moves
from understudy.compiler.scales import fold_input_scales, fold_scales


def transpose(source: str, target: str, *perm: int) -> Node:
    return Node("Transpose", (source,), (target,), {"perm": perm})


def reshape(source: str, shape: str, target: str) -> Node:
    return Node("Reshape", (source, shape), (target,))


IDENTITY = Node("Identity", ("b",), ("y",))


def test_two_transposes_become_one() -> None:
    nodes = [transpose("x", "a", 0, 3, 1, 2), transpose("a", "b", 0, 2, 1, 3), IDENTITY]
    before = graph((2, 3, 4), nodes, {}, "y")
    assert simplified(merge_moves, before, 2, 3, 4) == ["Transpose", "Identity"]


def test_two_transposes_that_undo_each_other_vanish() -> None:
    nodes = [transpose("x", "a", 0, 3, 1, 2), transpose("a", "b", 0, 2, 3, 1), IDENTITY]
    before = graph((2, 3, 4), nodes, {}, "y")
    assert simplified(merge_moves, before, 2, 3, 4) == ["Identity"]


def test_an_output_keeps_its_name_where_nothing_moves() -> None:
    nodes = [transpose("x", "a", 0, 3, 1, 2), transpose("a", "y", 0, 2, 3, 1)]
    before = graph((2, 3, 4), nodes, {}, "y")
    assert simplified(merge_moves, before, 2, 3, 4) == ["Transpose"]


def test_a_transpose_that_others_take_stays() -> None:
    nodes = [
        transpose("x", "a", 0, 3, 1, 2),
        transpose("a", "b", 0, 2, 3, 1),
        Node("Relu", ("a",), ("r",)),
        IDENTITY,
    ]
    before = graph((2, 3, 4), nodes, {}, "y", "r")
    assert simplified(merge_moves, before, 2, 3, 4) == ["Transpose", "Relu", "Identity"]


RESHAPES = {
    "the batch is free": ([0, 24], [-1, 6, 4], 1),
    "both take the batch": ([0, 24], [0, 6, 4], 1),
    "the first mixes the batch": ([-1, 4], [-1, 6, 4], 1),
    "the second takes a size of the first": ([0, 6, 4], [0, 0, 2, 2], 2),
    "the first moves the batch, the second takes it": ([-1, 4], [0, 2, 2], 2),
}


@pytest.mark.parametrize("name", RESHAPES)
def test_two_reshapes_become_one_where_the_first_does_not_matter(name: str) -> None:
    first, second, left = RESHAPES[name]
    constants = {"s": np.array(first, np.int64), "t": np.array(second, np.int64)}
    nodes = [reshape("x", "s", "a"), reshape("a", "t", "b"), IDENTITY]
    before = graph((2, 3, 4), nodes, constants, "y")
    assert simplified(merge_moves, before, 2, 3, 4).count("Reshape") == left


# --- Transposes at the input ---------------------------------------------------------------------


def lifted(nodes: list[Node], constants: dict[str, np.ndarray]) -> list[str]:
    before = graph((4, 5, 3), nodes, constants, "y")
    return simplified(lift_transposes, before, 4, 5, 3)


def test_an_image_is_transposed_before_it_is_scaled() -> None:
    nodes = [
        Node("Mul", ("x", "s"), ("a",)),
        Node("Sub", ("a", "m"), ("b",)),
        Node("Div", ("d", "b"), ("c",)),
        Node("Clip", ("c", "", "s"), ("d2",)),
        transpose("d2", "y", 0, 3, 1, 2),
    ]
    constants = {"s": array(), "m": array(3), "d": array(1, 5, 3)}
    assert lifted(nodes, constants) == ["Transpose", "Mul", "Sub", "Div", "Clip"]


def test_a_constant_that_makes_the_value_wider_is_moved_too() -> None:
    nodes = [Node("Add", ("x", "m"), ("a",)), transpose("a", "y", 0, 3, 1, 2)]
    before = graph((4, 5, 1), nodes, {"m": array(3)}, "y")
    assert simplified(lift_transposes, before, 4, 5, 1) == ["Transpose", "Add"]


def test_what_others_take_is_not_moved() -> None:
    nodes = [Node("Mul", ("x", "s"), ("a",)), transpose("a", "y", 0, 3, 1, 2)]
    before = graph((4, 5, 3), nodes, {"s": array(3)}, "y", "a")
    assert simplified(lift_transposes, before, 4, 5, 3) == ["Mul", "Transpose"]


def test_a_value_of_another_rank_or_of_itself_is_not_moved() -> None:
    wider = [Node("Mul", ("x", "s"), ("a",)), transpose("a", "y", 0, 3, 1, 2)]
    before = graph((5, 3), wider, {"s": array(1, 2, 1, 3)}, "y")
    assert simplified(lift_transposes, before, 5, 3) == ["Mul", "Transpose"]
    square = [Node("Mul", ("x", "x"), ("a",)), transpose("a", "y", 0, 3, 1, 2)]
    assert lifted(square, {}) == ["Mul", "Transpose"]


# --- Scales -------------------------------------------------------------------------------------

CONV = Node("Conv", ("x", "k", "b"), ("c",), {"kernel_shape": [1, 1]})
CONV_CONSTANTS = {"k": array(5, 3, 1, 1), "b": array(5)}
MUL = Node("Mul", ("c", "s"), ("y",))


@pytest.mark.parametrize("scale", [array(), array(1), array(5, 1, 1), array(1, 5, 1, 1)])
def test_a_factor_after_a_convolution_is_folded(scale: np.ndarray) -> None:
    before = graph((3, 4, 6), [CONV, MUL], CONV_CONSTANTS | {"s": scale}, "y")
    assert simplified(fold_scales, before, 3, 4, 6) == ["Conv"]


def test_a_factor_on_the_left_is_folded_and_a_missing_bias_stays_missing() -> None:
    conv = Node("Conv", ("x", "k"), ("c",), {"kernel_shape": [1, 1]})
    mul = Node("Mul", ("s", "c"), ("y",))
    constants = {"k": CONV_CONSTANTS["k"], "s": array()}
    assert simplified(fold_scales, graph((3, 4, 6), [conv, mul], constants, "y"), 3, 4, 6) == [
        "Conv"
    ]


@pytest.mark.parametrize("scale", [array(6), array(4, 1), array(1, 1, 1, 6), array(5, 4, 6)])
def test_a_factor_for_anything_but_channels_stays(scale: np.ndarray) -> None:
    before = graph((3, 4, 6), [CONV, MUL], CONV_CONSTANTS | {"s": scale}, "y")
    assert simplified(fold_scales, before, 3, 4, 6) == ["Conv", "Mul"]


def test_a_factor_stays_where_others_take_what_it_multiplies() -> None:
    other = Node("Relu", ("c",), ("z",))
    before = graph((3, 4, 6), [CONV, MUL, other], CONV_CONSTANTS | {"s": array()}, "y", "z")
    assert simplified(fold_scales, before, 3, 4, 6) == ["Conv", "Mul", "Relu"]
    before = graph((3, 4, 6), [CONV, MUL], CONV_CONSTANTS | {"s": array()}, "y", "c")
    assert simplified(fold_scales, before, 3, 4, 6) == ["Conv", "Mul"]


@pytest.mark.parametrize("shared", ["k", "b"])
def test_weights_that_are_shared_stay(shared: str) -> None:
    inputs = ("x", "k", "b") if shared == "k" else ("x", "k2", "b")
    other = Node("Conv", inputs, ("z",), {"kernel_shape": [1, 1]})
    constants = CONV_CONSTANTS | {"s": array(), "k2": array(5, 3, 1, 1)}
    before = graph((3, 4, 6), [CONV, MUL, other], constants, "y", "z")
    assert simplified(fold_scales, before, 3, 4, 6) == ["Conv", "Mul", "Conv"]


@pytest.mark.parametrize("scale", [array(), array(5), array(1, 1, 1, 5)])
def test_a_factor_after_a_product_and_its_bias_is_folded(scale: np.ndarray) -> None:
    nodes = [
        Node("MatMul", ("x", "k"), ("m",)),
        Node("Add", ("m", "b"), ("c",)),
        MUL,
        Node("Relu", ("y",), ("z",)),
    ]
    constants = {"k": array(6, 5), "b": array(5), "s": scale}
    before = graph((3, 4, 6), nodes, constants, "z")
    assert simplified(fold_scales, before, 3, 4, 6) == ["MatMul", "Add", "Relu"]


def test_two_factors_are_folded() -> None:
    nodes = [CONV, Node("Mul", ("c", "s"), ("d",)), Node("Mul", ("d", "t"), ("y",))]
    constants = CONV_CONSTANTS | {"s": array(), "t": array(5, 1, 1)}
    before = graph((3, 4, 6), nodes, constants, "y")
    assert simplified(fold_scales, before, 3, 4, 6) == ["Conv"]


def test_a_product_of_two_tensors_stays() -> None:
    nodes = [
        Node("MatMul", ("x", "x"), ("m",)),
        Node("Add", ("m", "b"), ("c",)),
        MUL,
    ]
    before = graph((4, 4), nodes, {"b": array(4), "s": array()}, "y")
    assert simplified(fold_scales, before, 4, 4) == ["MatMul", "Add", "Mul"]


def test_a_factor_after_a_gemm_is_folded() -> None:
    nodes = [Node("Gemm", ("x", "k", "b"), ("c",)), MUL]
    before = graph((6,), nodes, {"k": array(6, 5), "b": array(5), "s": array(5)}, "y")
    assert simplified(fold_scales, before, 6) == ["Gemm"]


# --- Factors before a convolution ---------------------------------------------------------------

SCALE = Node("Mul", ("x", "s"), ("a",))
AFTER = Node("Conv", ("a", "k", "b"), ("y",), {"kernel_shape": [1, 1], "pads": [1, 0, 1, 1]})


@pytest.mark.parametrize("scale", [array(), array(1), array(3, 1, 1), array(1, 3, 1, 1)])
def test_a_factor_before_a_convolution_is_folded(scale: np.ndarray) -> None:
    before = graph((3, 4, 6), [SCALE, AFTER], CONV_CONSTANTS | {"s": scale}, "y")
    assert simplified(fold_input_scales, before, 3, 4, 6) == ["Conv"]


def test_a_factor_for_each_channel_is_folded_behind_the_inputs_transpose() -> None:
    nodes = [
        transpose("x", "t", 0, 3, 1, 2),
        Node("Add", ("t", "m"), ("u",)),
        Node("Mul", ("s", "u"), ("a",)),
        AFTER,
    ]
    constants = CONV_CONSTANTS | {"s": array(3, 1, 1), "m": array(3, 1, 1)}
    before = graph((4, 6, 3), nodes, constants, "y")
    assert simplified(fold_input_scales, before, 4, 6, 3) == ["Transpose", "Add", "Conv"]


@pytest.mark.parametrize("scale", [array(6), array(4, 1), array(1, 1, 1, 6), array(3, 4, 6)])
def test_a_factor_for_pixels_stays(scale: np.ndarray) -> None:
    before = graph((3, 4, 6), [SCALE, AFTER], CONV_CONSTANTS | {"s": scale}, "y")
    assert simplified(fold_input_scales, before, 3, 4, 6) == ["Mul", "Conv"]


def test_a_factor_that_makes_three_channels_of_one_stays() -> None:
    before = graph((1, 4, 6), [SCALE, AFTER], CONV_CONSTANTS | {"s": array(3, 1, 1)}, "y")
    assert simplified(fold_input_scales, before, 1, 4, 6) == ["Mul", "Conv"]


def test_a_factor_for_each_channel_stays_before_groups() -> None:
    grouped = Node("Conv", ("a", "k"), ("y",), {"kernel_shape": [1, 1], "group": 2})
    constants = {"k": array(4, 2, 1, 1), "s": array(4, 1, 1)}
    before = graph((4, 3, 6), [SCALE, grouped], constants, "y")
    assert simplified(fold_input_scales, before, 4, 3, 6) == ["Mul", "Conv"]
    one = graph((4, 3, 6), [SCALE, grouped], constants | {"s": array()}, "y")
    assert simplified(fold_input_scales, one, 4, 3, 6) == ["Conv"]


def test_a_factor_stays_where_others_take_the_product_or_the_kernel() -> None:
    other = Node("Relu", ("a",), ("z",))
    before = graph((3, 4, 6), [SCALE, AFTER, other], CONV_CONSTANTS | {"s": array()}, "y", "z")
    assert simplified(fold_input_scales, before, 3, 4, 6) == ["Mul", "Conv", "Relu"]
    again = Node("Conv", ("x", "k", "b"), ("z",), {"kernel_shape": [1, 1]})
    before = graph((3, 4, 6), [SCALE, AFTER, again], CONV_CONSTANTS | {"s": array()}, "y", "z")
    assert simplified(fold_input_scales, before, 3, 4, 6) == ["Mul", "Conv", "Conv"]
