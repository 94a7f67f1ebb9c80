"""OpenCV's TV-L1 (Zach, Pock and Bischof 2007; Sánchez et al., IPOL 2013): the reference."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.flow.profile import Profile
from raicl.preprocess.opencv import opencv

Floats = NDArray[np.float32]


def compute_opencv(onset: Floats, frames: Iterable[Floats], profile: Profile) -> Floats:
    """Flow from the onset to each frame; see `engine` for shapes, units and direction."""
    cv2 = opencv()
    # a new solver each time, because `calc` on a small pair lowers its number of scales for good
    solver = cv2.optflow.DualTVL1OpticalFlow_create(
        tau=profile.time_step,
        lambda_=profile.attachment,
        theta=profile.coupling,
        nscales=profile.scales,
        warps=profile.warps,
        epsilon=profile.epsilon,
        innnerIterations=profile.inner,  # OpenCV's spelling
        outerIterations=profile.outer,
        scaleStep=profile.scale_step,
        gamma=0.0,
        medianFiltering=profile.median,
        useInitialFlow=False,
    )

    def prepared(image: Floats) -> Floats:
        if profile.blur > 0:
            image = cv2.GaussianBlur(image, (0, 0), profile.blur)
        # floats must be in 0..1: OpenCV multiplies them by 255, and 0..255 gives a wrong field
        return np.asarray(image / 255, np.float32)

    first = prepared(onset)
    fields = [solver.calc(first, prepared(frame), None).transpose(2, 0, 1) for frame in frames]
    return np.array(fields, np.float32).reshape(-1, 2, *onset.shape)
