"""MIR: which frames of a clip become instances (method, section 3.1). Index 0 is the onset."""

from __future__ import annotations


def middle_index(n_frames: int) -> int:
    """Index m = ⌊(T-1)/2⌋ of the frame that inference uses, at least 1.

    The onset itself has no flow, so a clip of two frames has m = 1.
    """
    return max(1, (n_frames - 1) // 2)


def middle_frames(n_frames: int, n_instances: int) -> range:
    """The N consecutive frames around the middle of a clip.

    Parameters
    ----------
    n_frames : T ≥ 2, onset and offset included.
    n_instances : N; a clip with T-1 < N gives all its T-1 frames, none twice.

    Returns
    -------
    Consecutive indices in 1 … T-1 that hold `middle_index`.

    Raises
    ------
    ValueError : fewer than two frames.
    """
    if n_frames < 2:
        raise ValueError(f"{n_frames} frame(s): flow needs the onset and one more")
    n = min(n_instances, n_frames - 1)
    start = min(max(middle_index(n_frames) - n // 2, 1), n_frames - n)
    return range(start, start + n)
