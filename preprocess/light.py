"""Light: what a flickering lamp or an automatic exposure would add to the flow, taken away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def match_light(
    frame: NDArray[np.uint8], onset: NDArray[np.uint8], inner: slice
) -> NDArray[np.float32]:
    """Scale a frame so that its mean over the crop is the onset's.

    TV-L1 takes brightness for constant: one per cent of flicker becomes 0.13 px of false flow,
    and one gain per frame removes it.

    Parameters
    ----------
    frame, onset : aligned, (H, W) uint8.
    inner : rows and columns of the crop without its margin.

    Returns
    -------
    (H, W) float32 grey levels; a black frame stays black.
    """
    mean = float(frame[inner, inner].mean())
    gain = float(onset[inner, inner].mean()) / mean if mean else 1.0
    return frame.astype(np.float32) * np.float32(gain)
