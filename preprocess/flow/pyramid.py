"""Levels of a picture and of a flow field, resized as in OpenCV's TV-L1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.opencv import opencv

Floats = NDArray[np.float32]
PAD = 4  # px; a sample may be up to 2 px outside, and its window reads up to here
_LEAST_SIDE = 16  # px; smaller levels are left out, as in OpenCV


def build_pyramid(image: Floats, scales: int, step: float, blur: float) -> list[Floats]:
    """Levels of `image` (H, W), the finest first, in grey levels as float32.

    At most `scales` levels, each `step` times as large as the one before, none under 16 px.
    `blur` is the sigma in px of a Gaussian on the finest level, 0 for none.
    """
    cv2 = opencv()
    level = image.astype(np.float32, copy=False)
    if blur > 0:  # on floats, because rounding to grey levels would add noise again
        level = np.asarray(cv2.GaussianBlur(level, (0, 0), blur), np.float32)
    levels = [level]
    while len(levels) < scales:
        level = np.asarray(cv2.resize(level, None, fx=step, fy=step), np.float32)
        if min(level.shape) < _LEAST_SIDE:
            break
        levels.append(level)
    return levels


def enlarge_flow(flow: Floats, shape: Sequence[int], step: float) -> Floats:
    """Enlarge the flow (2, H+1, W+1) of one level to the next finer one of `shape` (h, w).

    The last row and column are spare, in the argument and in the result.
    """
    cv2 = opencv()
    height, width = shape
    larger = np.zeros((2, height + 1, width + 1), np.float32)
    for source, target in zip(flow, larger, strict=True):
        target[:-1, :-1] = cv2.resize(source[:-1, :-1], (width, height))
    larger *= np.float32(1 / step)
    return larger


def add_gradient(image: Floats, *, repeat: bool) -> Floats:
    """Image (H, W) and its central differences I_x, I_y: (3, H+8, W+8), continued outside.

    With `repeat`, each is continued by the values at its border, with no derivative across it.
    Without, everything outside is zero, as in OpenCV's warp.
    """
    cv2 = opencv()
    wider = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    i_x = (wider[1:-1, 2:] - wider[1:-1, :-2]) * np.float32(0.5)
    i_y = (wider[2:, 1:-1] - wider[:-2, 1:-1]) * np.float32(0.5)
    outside = cv2.BORDER_CONSTANT
    if repeat:
        # [ours] the papers take half of a one-sided difference, which is half the slope. Steps are
        # then twice too long, towards content that left the picture, with spikes of up to ten px
        i_x[:, [0, -1]] = 0
        i_y[[0, -1]] = 0
        outside = cv2.BORDER_REPLICATE
    planes = [cv2.copyMakeBorder(plane, *[PAD] * 4, outside) for plane in (image, i_x, i_y)]
    return np.stack(planes).astype(np.float32, copy=False)
