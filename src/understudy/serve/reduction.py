"""By how much a JPEG may be shrunk while it is decoded: `"decode": "fast"`.

JPEG stores each 8 x 8 block as a sum of cosines. The decoder can leave out the fine ones, and gives
the picture at a half, a fourth or an eighth of its width and height: libjpeg-turbo, libjpeg.txt,
`scale_num/scale_denom`. That costs a fraction of the time, and is the picture smoothed by other
weights than those of a resize that follows.

Pure: sizes in, a number out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..release.resolve import Resolved

FACTORS = (8, 4, 2)

MARGIN = 1.5
"""So many pixels are left at least along each axis for one of the target. Measured on seven of the
pictures in scikit-image, with `pillow/bilinear`: with 1 the tensors are off by 1.5 grey levels in
the mean, with 1.5 by 0.7, with 2 by 0.6, and with 3 by 0.3."""


def reduction(size: tuple[int, int], how: Resolved) -> int:
    """The largest factor that leaves enough pixels to be resized: 8, 4, 2, or 1 for none.

    Args:
        size: (width, height) of the picture in pixels, upright.
        how: the way that the release records.
    """
    height, width = how.size
    if how.fit == "center_crop" and how.shorter_side is not None:
        ratio = min(size) / how.shorter_side
    elif how.fit in ("pad_to_aspect_ratio", "resize_with_pad"):  # all of the picture lies inside
        ratio = max(size[0] / width, size[1] / height)
    else:
        ratio = min(size[0] / width, size[1] / height)
    return next((factor for factor in FACTORS if ratio >= factor * MARGIN), 1)
