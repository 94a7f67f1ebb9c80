"""TV-L1 flow (Zach, Pock and Bischof 2007; Sánchez et al., IPOL 2013), compiled by numba.

Schedule and parameters are OpenCV's. Three things are computed differently: the warp's kernel is
unbiased, it repeats the border where OpenCV reads zeros, and a median comes last. docs/tvl1.md has
the equations and the figures.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.flow.profile import Profile
from raicl.preprocess.flow.pyramid import add_gradient, build_pyramid, enlarge_flow

Floats = NDArray[np.float32]
# [ours] OpenCV's kernel reads a ramp at 1.5 t near t = 0, so a motion of 0.1 px becomes 0.07 px
_UNBIASED, _OPENCV = np.float32(-0.5), np.float32(-0.75)


def compute_tvl1(
    onset: Floats, frames: Iterable[Floats], profile: Profile, *, like_opencv: bool = False
) -> Floats:
    """Flow from the onset to each frame, I_onset(x, y) ≈ I_n(x + u, y + v).

    The same input gives the same bits in any process and with any number of threads. All loops over
    pixels release the lock of the interpreter (GIL).

    Parameters
    ----------
    onset : (H, W) grey levels.
    frames : N frames of the same shape.
    like_opencv : use OpenCV's kernel, zeros outside the frame and no last median, for parity tests.
        The zeros cause spikes, and make the solution chaotic and slower to reach.

    Returns
    -------
    (N, 2, H, W) float32 px, u right and v down.

    Raises
    ------
    SetupError : numba or OpenCV is missing.
    """
    levels = _levels(onset, profile)  # once for all frames
    fields = [
        solve_pyramid(levels, _levels(frame, profile), profile, like_opencv=like_opencv)
        for frame in frames
    ]
    return np.array(fields, np.float32).reshape(-1, 2, *onset.shape)


def solve_pyramid(
    onset: list[Floats], frame: list[Floats], profile: Profile, *, like_opencv: bool
) -> Floats:
    """Flow (2, H, W) between two pyramids, coarse to fine."""
    from raicl.preprocess.flow.relaxation import smooth

    flow = np.zeros((2, onset[-1].shape[0] + 1, onset[-1].shape[1] + 1), np.float32)
    for fixed, moving in zip(reversed(onset), reversed(frame), strict=True):
        if flow.shape[1:] != (fixed.shape[0] + 1, fixed.shape[1] + 1):
            flow = enlarge_flow(flow, fixed.shape, profile.scale_step)
        solve_level(fixed, moving, flow, profile, like_opencv=like_opencv)
    if profile.median == 5 and not like_opencv:
        # [ours] stopping early leaves errors of up to 0.3 px at single pixels, which strain would
        # amplify. OpenCV's solution iterates until they are gone.
        scratch = np.empty((flow.shape[1] + 3, flow.shape[2] + 3), np.float32)
        for component in flow:
            smooth(component, scratch)
    return flow[:, :-1, :-1]


def solve_level(
    onset: Floats, frame: Floats, flow: Floats, profile: Profile, *, like_opencv: bool
) -> int:
    """Improve `flow` (2, H+1, W+1) in place on one level; return the number of sweeps."""
    # imported here because the import compiles, which must not slow down the other engines
    from raicl.preprocess.flow.relaxation import relax
    from raicl.preprocess.flow.warping import linearise

    height, width = onset.shape
    planes = add_gradient(frame, repeat=not like_opencv)
    data = np.empty((4, height, width), np.float32)
    dual = np.zeros((4, height + 1, width + 1), np.float32)
    scratch = np.empty((height + 4, width + 4), np.float32)
    steps = (
        np.float32(profile.time_step / profile.coupling),
        np.float32(profile.coupling),
        np.float32(profile.attachment * profile.coupling),
    )
    tolerance = profile.epsilon**2 * height * width
    sweeps = 0
    for _ in range(profile.warps):
        linearise(planes, onset, flow, data, _OPENCV if like_opencv else _UNBIASED)
        sweeps += relax(
            flow,
            dual,
            data,
            scratch,
            steps,
            tolerance,
            profile.outer,
            profile.inner,
            profile.median,
        )
    return sweeps


def _levels(image: Floats, profile: Profile) -> list[Floats]:
    return build_pyramid(image, profile.scales, profile.scale_step, profile.blur)
