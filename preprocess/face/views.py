"""Views: the frame turned, for a face that is not upright in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.opencv import opencv

# Degrees. The quarter turns are for cameras and files that lie on their side. The small ones are
# for tilted heads: from about 20 degrees on, dlib's 68 landmarks begin to miss.
QUARTERS, TILTS = (90, 180, 270), (30, -30)


@dataclass(frozen=True)
class View:
    """A frame, turned.

    Attributes
    ----------
    image : (h, w) uint8.
    back : (2, 3), px of the view → px of the frame.
    """

    image: NDArray[np.uint8]
    back: NDArray[np.float64]


def turn(image: NDArray[np.uint8], degrees: int) -> View:
    """Turn a frame (h, w) counter-clockwise; a quarter turn changes no pixel.

    The view holds the whole frame. What lies outside the frame repeats its border.
    """
    height, width = image.shape
    quarters, rest = divmod(degrees, 90)
    unit = np.exp(1j * np.deg2rad(degrees)) if rest else 1j**quarters
    across, down = abs(unit.real), abs(unit.imag)
    side_x, side_y = round(across * width + down * height), round(across * height + down * width)
    matrix = np.array([[unit.real, -unit.imag], [unit.imag, unit.real]])
    # pixel centres: the middle of the view is the middle of the frame
    middle = np.array([width - 1, height - 1]) / 2
    back = np.column_stack([matrix, middle - matrix @ np.array([side_x - 1, side_y - 1]) / 2])
    if not rest:
        return View(np.ascontiguousarray(np.rot90(image, quarters)), back)
    cv2 = opencv()
    turned = cv2.warpAffine(
        image,
        back,
        (side_x, side_y),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return View(np.asarray(turned, np.uint8), back)
