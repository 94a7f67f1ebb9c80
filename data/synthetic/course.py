"""The course of a clip in time: its length, its apex, and how the motion rises and falls.

``symmetric`` is plain: 26 to 60 frames, up to the apex and down to nothing. ``published`` follows
what is known of real clips at 200 frames a second.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from raicl.data.synthetic.field import Array

Course = Literal["symmetric", "published"]

# Frames T of CASME II's 246 clips at 5, 25, 50, 75 and 95 %, counted in its public annotation. The
# last is 500 ms, where Yan et al. ("How fast are the leaked facial expressions", 2013) end a
# micro-expression. The ends are [ours]: the shortest clip there has 24 frames.
_SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_FRAMES = (26.0, 36.0, 51.0, 64.0, 86.0, 100.0, 120.0)

# Relative place of the apex. Its median is between those of CASME II (0.51) and SAMM (0.44). The
# spread [ours] is chosen so that the apex is as often inside the middle 16 frames as there: in 61 %
# of the clips of CASME II and 50 % of SAMM's. That its shape is a bell is [ours] as well.
_PLACE, _SPREAD = 0.475, 0.175
_PLACES = (0.08, 0.92)

# [ours] We found no measurement of the motion between the three annotated frames. Here it stays
# near its peak for a tenth to a third of the time after the apex and loses 3 % there. At the offset
# up to 40 % are left: annotators see where a face stops changing, perhaps before it is neutral.
_HOLD, _HOLD_LOSS, _REST = (0.1, 0.33), 0.03, (0.0, 0.4)


def draw_frames(rng: np.random.Generator, course: Course) -> int:
    """Number of frames T of a clip."""
    if course == "symmetric":
        return int(rng.integers(26, 61))
    return round(float(np.interp(rng.random(), _SHARES, _FRAMES)))


def draw_apex(rng: np.random.Generator, frames: int, course: Course) -> int:
    """Index of the apex, 0 < apex < T - 1."""
    if course == "symmetric":
        return round((frames - 1) * rng.uniform(0.3, 0.7))
    place = np.clip(rng.normal(_PLACE, _SPREAD), *_PLACES)
    return round((frames - 1) * float(place))


def draw_course(rng: np.random.Generator, frames: int, apex: int, course: Course) -> Array:
    """Share (T,) of its peak that the motion has in each frame: 0 at the onset, 1 at the apex."""
    if course == "symmetric":
        return rise_and_fall(frames, apex)
    hold, rest = rng.uniform(*_HOLD), rng.uniform(*_REST)
    return rise_hold_decay(frames, apex, hold=float(hold), rest=float(rest))


def rise_and_fall(frames: int, apex: int) -> Array:
    """Course (T,) from 0 at the onset over 1 at the apex to 0 at the offset, smooth."""
    phase = np.interp(np.arange(frames), [0, apex, frames - 1], [0, 0.5, 1])
    course: Array = np.clip(np.sin(np.pi * phase), 0, 1) ** 2
    return course


def rise_hold_decay(frames: int, apex: int, *, hold: float, rest: float) -> Array:
    """Course (T,) that rises as `rise_and_fall`, stays near its peak and falls to `rest`.

    Parameters
    ----------
    hold : share of the time after the apex, above 0 and below 1.
    rest : what is left at the offset, from 0 to 1.
    """
    after = np.linspace(0, 1, frames - apex)  # 0 at the apex, 1 at the offset
    top = 1 - _HOLD_LOSS * np.minimum(after / hold, 1)
    falling = np.clip((after - hold) / (1 - hold), 0, 1)
    decay = rest + (top - rest) * np.cos(np.pi / 2 * falling) ** 2
    course: Array = np.concatenate([rise_and_fall(frames, apex)[:apex], decay])
    return course
