"""Dense inverse search (Kroeger et al., ECCV 2016) from OpenCV: for a quick look, not TV-L1."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.opencv import opencv

Floats = NDArray[np.float32]


def compute_dis(onset: Floats, frames: Iterable[Floats]) -> Floats:
    """Flow from the onset to each frame; see `engine` for shapes, units and direction.

    The search reads whole grey levels, so the input is rounded.
    """
    cv2 = opencv()
    solver = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    first = _rounded(onset)
    fields = [solver.calc(first, _rounded(frame), None).transpose(2, 0, 1) for frame in frames]
    return np.array(fields, np.float32).reshape(-1, 2, *onset.shape)


def _rounded(image: Floats) -> NDArray[np.uint8]:
    return np.rint(image).clip(0, 255).astype(np.uint8)
