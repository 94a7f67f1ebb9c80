"""Frame rate: the frames of a clip that a slower camera would have taken.

Flow goes from the onset to frame n and ignores the frames between. So the instances of the kept
frames are those that the slower camera would have given. numpy is not imported, so that --help
stays fast.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

from raicl.common.errors import InputError


def slow_down(numbers: Sequence[int], fps: float | None, rate: float) -> tuple[int, ...]:
    """Keep the onset, and the frame nearest to each multiple of 1/rate after it.

    Parameters
    ----------
    numbers : annotation numbers of the T frames on disk, ascending, the onset first. They count
        time in units of 1/fps.
    fps : frames per second of the camera, or None if not known.
    rate : frames per second to keep.

    Returns
    -------
    Indices into `numbers`, ascending, the first one 0. Of two equally near frames, the earlier.

    Raises
    ------
    InputError : the camera's rate is not known or is lower than `rate`, or only the onset is left.
    """
    if fps is None:
        raise InputError(
            f"no frame rate is known, and --frame-rate {rate:g} needs one",
            fix="give the sheet a column fps, or leave --frame-rate out",
        )
    if rate > fps:
        raise InputError(
            f"--frame-rate {rate:g} is above the camera's {fps:g}",
            fix="give a lower --frame-rate: frames that were not taken cannot be added",
        )
    times = [number - numbers[0] for number in numbers]
    step = Fraction(fps) / Fraction(rate)  # exact, so that rounding does not decide a tie
    kept = tuple(sorted({nearest(times, k * step) for k in range(int(times[-1] / step) + 1)}))
    if len(kept) < 2:
        raise InputError(f"--frame-rate {rate:g} leaves no frame besides the onset")
    return kept


def nearest(places: Sequence[int], wanted: int | Fraction) -> int:
    """Index of the value nearest `wanted` in ascending `places`; of two equally near, the first."""
    after = min(bisect_left(places, wanted), len(places) - 1)
    before = max(after - 1, 0)
    return before if wanted - places[before] <= places[after] - wanted else after
