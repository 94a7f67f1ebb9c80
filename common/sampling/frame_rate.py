"""Frame rate: the frames of a clip that a slower camera would have taken.

Flow goes from the onset to frame n whatever lies between, so a part of the frames has the instances
it would have had alone. numpy is not imported: --help must not wait.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

from raicl.common.errors import InputError


def slow_down(numbers: Sequence[int], fps: float | None, rate: float) -> tuple[int, ...]:
    """The onset, and of every multiple of 1/rate after it the nearest frame.

    Parameters
    ----------
    numbers : of the T frames on disk, ascending, the onset first; they count time in 1/fps.
    fps : of the camera, or None where it is not known.
    rate : frames per second that are left.

    Returns
    -------
    Indices into `numbers`, ascending, the first 0; of two equally near frames the earlier.

    Raises
    ------
    InputError : the camera's rate is not known or is lower, or nothing is left but the onset.
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
    step = Fraction(fps) / Fraction(rate)  # exact: no tie depends on how a step was rounded
    kept = tuple(sorted({nearest(times, k * step) for k in range(int(times[-1] / step) + 1)}))
    if len(kept) < 2:
        raise InputError(f"--frame-rate {rate:g} leaves no frame besides the onset")
    return kept


def nearest(places: Sequence[int], wanted: int | Fraction) -> int:
    """Index of the ascending place nearest `wanted`; of two equally near the earlier."""
    after = min(bisect_left(places, wanted), len(places) - 1)
    before = max(after - 1, 0)
    return before if wanted - places[before] <= places[after] - wanted else after
