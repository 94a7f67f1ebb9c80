"""OpenCV's TV-L1 (Zach, Pock and Bischof 2007; Sánchez et al., IPOL 2013): the reference."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.opencv import opencv
from raicl.preprocess.settings import PrepSettings


def compute_flow(
    onset: NDArray[np.uint8], frames: Iterable[NDArray[np.uint8]], settings: PrepSettings
) -> NDArray[np.float32]:
    """Flow from the onset to each frame, I_onset(x, y) ≈ I_n(x + u, y + v).

    Every parameter is set explicitly: OpenCV's own defaults are no contract between versions.
    Frames stay uint8: OpenCV multiplies floats by 255, and floats in 0..255 give a wrong field.

    Parameters
    ----------
    onset : (H, W) uint8; frames : N of the same shape.

    Returns
    -------
    (N, 2, H, W) float32 px, u right and v down.
    """
    # a fresh solver: `calc` on a small pair lowers the object's number of scales for ever
    solver = opencv().optflow.DualTVL1OpticalFlow_create(
        tau=settings.flow_tau,
        lambda_=settings.flow_lambda,
        theta=settings.flow_theta,
        nscales=settings.flow_scales,
        warps=settings.flow_warps,
        epsilon=settings.flow_epsilon,
        innnerIterations=settings.flow_inner,  # OpenCV's spelling
        outerIterations=settings.flow_outer,
        scaleStep=settings.flow_scale_step,
        gamma=0.0,
        medianFiltering=settings.flow_median,
        useInitialFlow=False,
    )
    fields = [solver.calc(onset, frame, None).transpose(2, 0, 1) for frame in frames]
    return np.array(fields, np.float32).reshape(-1, 2, *onset.shape)
