"""Profile: the parameters of TV-L1, the same for every engine that solves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Profile:
    """Parameters of TV-L1. The defaults are OpenCV's, written out because OpenCV may change them.

    `attachment` is λ, `coupling` θ and `time_step` τ of the papers. A warp has at most `outer`
    rounds, each with a median and at most `inner` sweeps. It ends early once the flow's mean
    squared change is under `epsilon`². `blur` is the sigma, px, of a Gaussian on both pictures.
    """

    scales: int = 5
    scale_step: float = 0.8
    warps: int = 5
    outer: int = 10
    inner: int = 30
    epsilon: float = 0.01
    attachment: float = 0.15
    coupling: float = 0.3
    time_step: float = 0.25
    median: Literal[1, 5] = 5
    blur: float = 0.0


PROFILES = {
    "exact": Profile(),
    # [ours] motion of a few px needs no finer steps, and the blur removes the camera's noise
    "fast": Profile(scales=3, scale_step=0.5, warps=2, blur=0.4),
}
