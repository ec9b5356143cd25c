"""Which of the ways that an image can become a tensor make sense together.

Each of them is one row here, and is asked about a way in which nothing is open any more. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .preprocess import refuse, shown

if TYPE_CHECKING:
    from .resolve import Resolved

CENTRED = frozenset({"caffe", "torch"})
"""Scales that subtract a mean for each colour channel, of which there are three."""


def check(how: Resolved) -> None:
    """Check that the parts of a way go together, and suit the tensor.

    Raises:
        PreprocessError: they do not; the first that is wrong is named.
    """
    for rule in (_scale, _whole_numbers, _statistics, _fit, _gap, _alpha, _bits):
        rule(how)


def _scale(how: Resolved) -> None:
    if how.scale in CENTRED and how.channels != 3:
        refuse(
            f'says "scale": "{how.scale}", which needs three colour channels; "{how.color}" has'
            f" {how.channels}",
            'use "0..1", "-1..1" or "none"',
        )


def _whole_numbers(how: Resolved) -> None:
    if how.dtype != "uint8":
        return
    if how.scale != "none":
        refuse(
            f'says "scale": "{how.scale}", but the model takes whole numbers 0..255 (uint8)',
            'use "scale": "none"',
        )
    for key in ("standardize", "mean", "std"):
        if getattr(how, key) is not None:
            refuse(
                f'says "{key}", but the model takes whole numbers 0..255 (uint8)', "leave it out"
            )


def _statistics(how: Resolved) -> None:
    own = [key for key in ("mean", "std") if getattr(how, key) is not None]
    for key in own:
        count = len(getattr(how, key))
        if count not in (1, how.channels):
            refuse(
                f'says "{key}" with {count} numbers; the tensor has {how.channels} channel(s)',
                "give one number for each channel, or one for all",
            )
    after = ["standardize"] if how.standardize is not None else own
    if after and how.scale in CENTRED:
        refuse(
            f'says "{after[0]}" and "scale": "{how.scale}", which subtracts ImageNet\'s mean'
            " already",
            'say "scale": "0..1" or "none" with numbers of your own',
        )
    if own and how.standardize is not None:
        refuse(
            f'says "standardize" and "{own[0]}": an image\'s own statistics, and given ones',
            "say the one that was used in training",
        )


def _fit(how: Resolved) -> None:
    if how.fit == "center_crop" and how.shorter_side is None:
        refuse(
            'says "fit": "center_crop" without "shorter_side", to which images are resized first',
            'torchvision\'s Resize(256) is "shorter_side": 256',
        )
    if how.fit != "center_crop" and how.shorter_side is not None:
        refuse(
            f'says "shorter_side" with "fit": "{how.fit}", which does not use it',
            'say "fit": "center_crop", or leave "shorter_side" out',
        )


def _gap(how: Resolved) -> None:
    if how.reducing_gap is None:
        return
    if not how.resize.startswith("pillow/") or how.resize == "pillow/nearest":
        refuse(
            f'says "reducing_gap" with "resize": "{how.resize}", which does not use it',
            'leave "reducing_gap" out, or say "resize": "pillow/bicubic" or another of Pillow\'s',
        )


def _alpha(how: Resolved) -> None:
    if how.alpha != "drop" and how.color == "rgba":
        refuse(
            f'says "alpha": {shown(how.alpha)}, but the model takes the alpha channel ("rgba")',
            'leave "alpha" out',
        )


def _bits(how: Resolved) -> None:
    if how.bits == 16 and how.color == "rgba":
        refuse('says "bits": 16 with "color": "rgba"; only grey images are kept so', "leave it out")
    if how.bits == 16 and how.dtype == "uint8":
        refuse('says "bits": 16, but the model takes whole numbers 0..255 (uint8)', "leave it out")
