"""MIR: which frames of a clip become instances (docs/method.md 2).

Index 0 is the onset, T-1 the offset. All functions are pure functions of T, the apex's index and N.
Each returns unique, ascending indices in 1 … T-1. The onset is never among them, because its flow
to itself is zero. numpy is not imported, so that --help stays fast.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import numpy as np

SamplingName = Literal[
    "middle", "all", "random", "uniform", "activation", "decay", "apex", "apex-centred"
]
SAMPLINGS: tuple[SamplingName, ...] = get_args(SamplingName)

_FEWEST = 2  # a pair needs two different instances


HALFWAY = 0.5  # the paper's middle


def middle_index(n_frames: int, at: float = HALFWAY) -> int:
    """Index m = ⌊p (T-1)⌋ of the frame that inference uses, at least 1; the paper's p is 1/2.

    The onset itself has no flow, so a clip of two frames has m = 1.

    Parameters
    ----------
    at : p, 0 … 1.
    """
    # 0.29 * 100 is 28.999…: round first, so that a whole number stays one
    return max(1, math.floor(round(at * (n_frames - 1), 9)))


def middle_frames(
    n_frames: int, n: int, width: int | None = None, at: float = HALFWAY
) -> Sequence[int]:
    """N evenly spaced frames from the W around the middle. W = N gives N consecutive ones.

    Parameters
    ----------
    n_frames : T ≥ 2, onset and offset included.
    n : N. A clip with T-1 < N gives all its T-1 frames, each once.
    width : W; None means N. A window narrower than N gives all its frames.
    at : where the middle lies, 0 … 1. Near an end of the clip the window is moved inwards.

    Raises
    ------
    ValueError : fewer than two frames.
    """
    middle = middle_index(n_frames, at)
    if n == 1:  # the middle itself; an even window would give the frame before it
        width = 1
    return _spread(_around(middle, n if width is None else width, n_frames), n)


def all_frames(n_frames: int) -> Sequence[int]:
    """Every frame after the onset."""
    return _candidates(n_frames)


def uniform_frames(n_frames: int, n: int) -> Sequence[int]:
    """round(linspace(1, T-1, N))."""
    return _spread(_candidates(n_frames), n)


def random_frames(n_frames: int, n: int, rng: np.random.Generator) -> Sequence[int]:
    """N frames drawn without replacement."""
    candidates = _candidates(n_frames)
    drawn = rng.choice(len(candidates), min(n, len(candidates)), replace=False)
    return sorted(candidates[int(position)] for position in drawn)


def apex_frames(n_frames: int, apex: int) -> Sequence[int]:
    """Only the apex."""
    return _around(apex, 1, n_frames)


def apex_centred_frames(n_frames: int, apex: int, n: int) -> Sequence[int]:
    """The N consecutive frames around the apex, moved inwards at the ends of the clip."""
    return _around(apex, n, n_frames)


def activation_frames(n_frames: int, apex: int, n: int) -> Sequence[int]:
    """The central N frames between onset and apex; for fewer than two, see `_phase_frames`."""
    return _phase_frames(range(1, apex), n_frames, apex, n)


def decay_frames(n_frames: int, apex: int, n: int) -> Sequence[int]:
    """The central N frames after the apex; for fewer than two, see `_phase_frames`."""
    return _phase_frames(range(apex + 1, n_frames), n_frames, apex, n)


def falls_back(sampling: SamplingName, n_frames: int, apex: int) -> bool:
    """Whether the sampling is a phase with fewer than two frames, so that others replace them."""
    phases = {"activation": apex - 1, "decay": n_frames - 1 - apex}
    return phases.get(sampling, _FEWEST) < _FEWEST


def choose_frames(
    sampling: SamplingName,
    n_frames: int,
    *,
    n: int,
    apex: int | None = None,
    width: int | None = None,
    at: float = HALFWAY,
    rng: np.random.Generator | None = None,
) -> Sequence[int]:
    """Choose frames by the sampling of that name.

    Parameters
    ----------
    apex : index of the apex, 1 … T-1, for the samplings that need one.
    width, at : the window, see `middle_frames`.
    rng : generator for `random_frames`.

    Raises
    ------
    ValueError : there are fewer than two frames, or the sampling needs an apex or a generator.
    """
    match sampling:
        case "middle":
            return middle_frames(n_frames, n, width, at)
        case "all":
            return all_frames(n_frames)
        case "uniform":
            return uniform_frames(n_frames, n)
        case "random":
            if rng is None:
                raise ValueError("a random draw needs a generator")
            return random_frames(n_frames, n, rng)
    if apex is None or not 1 <= apex < n_frames:
        raise ValueError(f"sampling {sampling} needs an apex in 1 … {n_frames - 1}, not {apex}")
    match sampling:
        case "apex":
            return apex_frames(n_frames, apex)
        case "apex-centred":
            return apex_centred_frames(n_frames, apex, n)
        case "activation":
            return activation_frames(n_frames, apex, n)
        case "decay":
            return decay_frames(n_frames, apex, n)


def central_frame(frames: Sequence[int], middle: int) -> int:
    """The middle one of `frames`. Of two in the middle, the one nearer to the clip's `middle`."""
    pair = frames[(len(frames) - 1) // 2], frames[len(frames) // 2]
    return min(pair, key=lambda index: abs(index - middle))


def looks_at_apex(sampling: str) -> bool:
    """Whether the sampling looks at the apex."""
    return sampling in ("activation", "decay", "apex", "apex-centred")


def needs_apex(sampling: str) -> bool:
    """Whether the middle cannot stand in for the apex: before or after the middle is no phase."""
    return sampling in ("activation", "decay")


def _candidates(n_frames: int) -> range:
    if n_frames < 2:
        raise ValueError(f"{n_frames} frame(s): flow needs the onset and one more")
    return range(1, n_frames)


def _around(centre: int, width: int, n_frames: int) -> range:
    """`width` consecutive candidates around `centre`, moved inwards at the ends of the clip."""
    width = min(width, len(_candidates(n_frames)))
    start = min(max(centre - width // 2, 1), n_frames - width)
    return range(start, start + width)


def _spread(frames: range, n: int) -> Sequence[int]:
    """N evenly spaced frames of `frames`, from the first to the last. N = 1 gives the centre."""
    if n >= len(frames):
        return frames
    if n == 1:
        return frames[(len(frames) - 1) // 2 :][:1]
    reach = len(frames) - 1
    # integers until the division, so that rounding does not decide a tie
    return tuple(frames[round(position * reach / (n - 1))] for position in range(n))


def _phase_frames(phase: range, n_frames: int, apex: int, n: int) -> Sequence[int]:
    """The central N frames of a phase, or the two nearest the apex if it has fewer than two [ours].

    The apex itself is never taken, so a clip of two frames whose second is the apex gives nothing.
    """
    if len(phase) >= _FEWEST:
        skipped = max(0, (len(phase) - n) // 2)
        return phase[skipped : skipped + n]
    others = (index for index in _candidates(n_frames) if index != apex)
    nearest = sorted(others, key=lambda index: (abs(index - apex), index not in phase))
    return sorted(nearest[: min(n, _FEWEST)])
