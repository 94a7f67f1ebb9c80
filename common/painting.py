"""Painting: arrays as small pictures, without the figures of matplotlib. Needs the extra `demo`."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raicl.common.drawing import matplotlib

Colours = Literal["magma", "viridis", "RdBu_r"]


def paint(
    values: NDArray[np.floating], colours: Colours, *, reach: float, signed: bool = False
) -> NDArray[np.uint8]:
    """Values (H, W) in colours, (H, W, 3).

    Parameters
    ----------
    colours : one of matplotlib's colour maps.
    reach : the value with the last colour. Larger ones are cut off; 0 paints everything alike.
    signed : whether -reach has the first colour, and 0 the middle one; otherwise 0 has the first.

    Raises
    ------
    SetupError : matplotlib is not installed.
    """
    table = matplotlib().colormaps[colours](np.arange(256), bytes=True)[:, :3]
    share = values / reach if reach > 0 else np.zeros_like(values)
    share = (share + 1) / 2 if signed else share
    painted: NDArray[np.uint8] = table[(share.clip(0, 1) * 255 + 0.5).astype(np.uint8)]
    return painted


def lay_over(
    face: NDArray[np.uint8],
    values: NDArray[np.floating],
    colours: Colours,
    *,
    reach: float,
    signed: bool = False,
) -> NDArray[np.uint8]:
    """Values (h, w) in colours over a face (S, S), half of each, (S, S, 3).

    The values are interpolated bilinearly to the size of the face. The rest is as in `paint`.

    Raises
    ------
    SetupError : matplotlib is not installed.
    """
    matplotlib()
    from PIL import Image

    small = Image.fromarray(np.ascontiguousarray(values, np.float32))
    large = np.asarray(small.resize(face.shape[::-1], Image.Resampling.BILINEAR))
    painted = paint(large, colours, reach=reach, signed=signed)
    return np.asarray((painted.astype(np.uint16) + face[..., None]) // 2, np.uint8)


def encode_webp(picture: NDArray[np.uint8], *, side: int | None = None, quality: int = 80) -> bytes:
    """A picture (H, W) or (H, W, 3) as the bytes of a WebP, resized to `side` px if given.

    Raises
    ------
    SetupError : matplotlib, which Pillow comes with, is not installed.
    """
    matplotlib()
    from PIL import Image

    image = Image.fromarray(picture)
    if side is not None:
        image = image.resize((side, side), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, "WEBP", quality=quality)
    return content.getvalue()
