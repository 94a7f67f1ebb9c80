"""One similarity per clip, from the eyes on the onset to the crop, applied to every frame.

Re-estimating it per frame would add the landmarks' own jitter of 0.2 to 0.6 px, which is as large
as a micro-expression.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.opencv import opencv


def fit_transform(shape: tuple[int, int], size: int) -> NDArray[np.float64]:
    """Similarity (2, 3) that centres a whole frame (h, w) in the crop, for ``--align none``."""
    height, width = shape
    scale = size / max(height, width)
    # pixel centres: the middle of the frame goes to the middle of the crop
    offset = (size - 1) / 2 - scale * np.array([(width - 1) / 2, (height - 1) / 2])
    return np.column_stack([np.eye(2) * scale, offset])


def carry(points: NDArray[np.float64], transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move points (K, 2) by the transform, raw px → crop px."""
    return points @ transform[:, :2].T + transform[:, 2]


def after(last: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
    """The transform (2, 3) that does `first` and then `last`."""
    return np.column_stack([last[:, :2] @ first[:, :2], last[:, :2] @ first[:, 2] + last[:, 2]])


def inverse(transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """The transform (2, 3) that undoes this one."""
    matrix = np.linalg.inv(transform[:, :2])
    return np.column_stack([matrix, -matrix @ transform[:, 2]])


def warp(
    image: NDArray[np.uint8], transform: NDArray[np.float64], *, size: int, margin: int
) -> NDArray[np.uint8]:
    """Cut the crop with `margin` px around it out of a raw frame, in a single interpolation.

    Parameters
    ----------
    image : (h, w) uint8.
    transform : (2, 3), raw px → crop px.

    Returns
    -------
    (size + 2·margin, size + 2·margin) uint8. Outside the frame, the frame's border is repeated.
    """
    cv2 = opencv()
    scale = float(np.hypot(*transform[:, 0]))
    if scale < 1:  # detail too fine for the crop would alias and become flow
        image = cv2.GaussianBlur(image, (0, 0), 0.5 * float(np.sqrt(scale**-2 - 1)))
    shifted = transform + np.array([[0, 0, margin], [0, 0, margin]])
    side = size + 2 * margin
    warped = cv2.warpAffine(
        image, shifted, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)
