"""Intensity: how strongly a face leaves its expression and comes back, from displacement fields.

All of it is [ours], and its numbers were chosen on two synthetic recordings (seed 11).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raicl.common.crop import EYES, FACE_CENTRE, FACE_RADII

Floats = NDArray[np.float32]

CELLS = 14  # cells along the side of a crop
LAG = 0.3  # s; a micro-expression, of at most 0.5 s (Yan et al., 2013), is at rest that far away
LEAST = 0.1  # px of a crop of 225 px: what flow makes of a still face stays below it
_SHARE = 0.1  # of the cells: action units move a small part of the face
_SPREADS = 5.0  # robust standard deviations of the noise
_END = 0.4  # share of its peak at which an expression begins and ends
_SHORTEST = 0.06  # s

# Shares of the crop's side. Eyes are left out: a blink is as short and ten times as strong as what
# is searched for.
_EYE_RADII = (0.13, 0.09)


def watched_cells() -> NDArray[np.bool_]:
    """Mask (C, C) of the cells that lie on the face and not on an eye."""
    y, x = (np.mgrid[:CELLS, :CELLS] + 0.5) / CELLS

    def inside(centre: tuple[float, float], radii: tuple[float, float]) -> NDArray[np.bool_]:
        distance = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2
        return np.asarray(distance < 1)

    return inside(FACE_CENTRE, FACE_RADII) & ~(
        inside(EYES[0], _EYE_RADII) | inside(EYES[1], _EYE_RADII)
    )


def motion_intensity(fields: Floats, lag: int) -> Floats:
    """How far each frame is from those before and after it, in the same direction.

    A cell moves by a from the frame `lag` before to this one, and by b from the one `lag` after.
    After a rest, an expression and a rest, a and b are equal, and a·b is the squared displacement.
    Of a lasting change one of them is 0. Of a drift they are opposite. The tenth of the cells with
    the largest a·b counts.

    Parameters
    ----------
    fields : (T, 2, K) displacements of K cells from one common frame, px. NaN where unknown.
    lag : number of frames; at the ends, the first or the last frame is used.

    Returns
    -------
    (T,) px; NaN where one of the three frames is unknown.
    """
    smooth = _smooth(fields)
    place = np.arange(len(fields))
    before = smooth[np.maximum(place - lag, 0)]
    after = smooth[np.minimum(place + lag, len(fields) - 1)]
    common = ((smooth - before) * (smooth - after)).sum(axis=1)  # (T, K)
    count = max(1, round(_SHARE * common.shape[1]))
    largest = np.sort(common, axis=1)[:, -count:]  # NaN is sorted to the end
    return np.asarray(np.sqrt(np.maximum(largest, 0).mean(axis=1)), np.float32)


def noise_floor(values: Floats) -> float:
    """What the intensity of a face at rest does not exceed, estimated from the video itself.

    It is the median and five robust standard deviations, so that expressions, which fill less than
    half of a video, hardly change it. It is at least what flow makes of a still face.

    Parameters
    ----------
    values : (T,) px of a crop of 225 px, without NaN.
    """
    if not len(values):
        return LEAST
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    return max(LEAST, middle + _SPREADS * spread)


def propose(values: Floats, rate: float, floor: float) -> list[tuple[int, int, float]]:
    """Intervals around the peaks above the noise floor, the strongest first found.

    Each reaches to where the intensity falls to a share of its peak, to a gap, or to a stronger
    interval.

    Parameters
    ----------
    values : (T,) intensity; NaN where it is unknown.
    rate : analysed frames per second.

    Returns
    -------
    First and last frame, both included, and the peak over the floor; by their first frames.
    """
    free = np.nan_to_num(values, nan=-1.0)
    found = []
    while len(free) and (peak := float(free.max())) > floor:
        top = int(free.argmax())
        # negative: taken or unknown
        low = _END * peak
        first = last = top
        while first > 0 and free[first - 1] > low:
            first -= 1
        while last < len(free) - 1 and free[last + 1] > low:
            last += 1
        free[first : last + 1] = -1.0
        if (last - first) / rate >= _SHORTEST:
            found.append((first, last, peak / floor))
    return sorted(found)


def _smooth(fields: Floats) -> Floats:
    """Mean of five frames: noise and the codec's key frames change faster than a face."""
    padded = np.concatenate([fields[:1]] * 2 + [fields] + [fields[-1:]] * 2)
    parts = [padded[shift : shift + len(fields)] for shift in range(5)]
    return np.asarray(np.mean(parts, axis=0), np.float32)
