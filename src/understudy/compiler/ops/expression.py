"""The layer, and the activation, that an expression of a person's has replaced."""

from __future__ import annotations

from typing import Any

from ...keras import Activation
from ..context import Context
from ..custom import EXPRESSION_KIND, Expression
from ..layers.activations import FUNCTIONS
from ..registry import OptionError, layer
from ..value import Value
from .language import evaluate


@layer(EXPRESSION_KIND, integers=True)
def expression_layer(ctx: Context, *xs: Value, expression: Any) -> Value:
    """--layer NAME=EXPRESSION."""
    if not isinstance(expression, Expression):
        raise OptionError("it is not the layer of any Keras")
    return evaluate(ctx, expression.text, xs)


def expression_activation(ctx: Context, x: Value, activation: Activation) -> Value:
    """An activation function by its name: --layer NAME=EXPRESSION."""
    return expression_layer(ctx, x, expression=activation.options.get("expression"))


FUNCTIONS[EXPRESSION_KIND] = expression_activation
