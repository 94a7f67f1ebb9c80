"""Footage: motion as a camera of another frame rate would see it, and long recordings with rests.

A micro-expression is rare in a recording: most of the time the face rests, blinks, and the head
sways. The long recordings have all that, with the true onset and offset of each expression.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from raicl.data.synthetic.course import draw_apex, draw_frames
from raicl.data.synthetic.difficulty import Difficulty
from raicl.data.synthetic.face import Face
from raicl.data.synthetic.field import Array, Bumps
from raicl.data.synthetic.motion import Habits, Motion, blink, draw_motion, raw_per_crop
from raicl.data.synthetic.units import EMOTIONS

RATE = 200.0  # frames per second for which clips are drawn

# [ours] seconds between expressions, between blinks, and of a blink
_REST, _BETWEEN_BLINKS, _BLINK = (2.0, 6.0), (2.0, 6.0), (0.12, 0.3)
_BLINKS = (1.5, 3.0)  # peak of a blink, px of a 225 px crop
_SWAYS, _PERIOD = 3, (3.0, 15.0)  # waves of the head's sway, and their periods, seconds
_SWAY, _TILT = 1.5, 0.3  # how far the head sways, px of a 225 px crop, and degrees


@dataclass(frozen=True)
class Shown:
    """An expression in a recording: its emotion, and its first and last frame."""

    emotion: str
    onset: int
    offset: int


def at_rate(motion: Motion, fps: float) -> Motion:
    """The motion as a camera with `fps` frames per second sees it, from the first frame on."""
    last = len(motion.weights) - 1
    times = np.arange(int(last * fps / RATE + 1e-9) + 1, dtype=np.float64) * (RATE / fps)
    return replace(
        motion,
        weights=_sampled(motion.weights, times),
        drift=_sampled(motion.drift, times),
        apex=round(motion.apex * fps / RATE),
    )


def _sampled(values: Array, times: Array) -> Array:
    """Values (T, K) at fractional rows, by linear interpolation."""
    rows = np.arange(len(values))
    columns = [np.interp(times, rows, column) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((len(times), 0))


def draw_recording(
    rng: np.random.Generator,
    *,
    face: Face,
    habits: Habits,
    difficulty: Difficulty,
    size: tuple[int, int],
    expressions: int,
    fps: float,
) -> tuple[Motion, tuple[Shown, ...]]:
    """Draw a recording with `expressions` expressions, rests, blinks and a swaying head.

    The lengths of the expressions are those of real ones (`draw_frames`, published). Each ends as
    it began. Whatever is irrelevant and near an expression in a clip is near it here, too.

    Returns
    -------
    motion : of all frames; its `apex` is that of the first expression.
    shown : the expressions in their order.
    """
    names = sorted(EMOTIONS)
    clock, pieces, shown, apex = 0, [], [], 0
    for _ in range(expressions):
        clock += round(rng.uniform(*_REST) * fps)
        emotion = names[rng.integers(len(names))]
        frames = draw_frames(rng, "published")
        top = draw_apex(rng, frames, "symmetric")
        margin = frames // 2 + 1  # what is irrelevant is over by then
        one = draw_motion(
            rng,
            EMOTIONS[emotion][rng.integers(len(EMOTIONS[emotion]))],
            frames,
            top,
            face=face,
            habits=habits,
            difficulty=difficulty,
            size=size,
            margin=margin,
        )
        one = at_rate(replace(one, weights=one.weights - one.weights[-1]), fps)
        onset = clock + round(margin * fps / RATE)
        shown.append(Shown(emotion, onset, onset + max(1, round((frames - 1) * fps / RATE))))
        apex = apex or clock + one.apex
        pieces.append((clock, one))
        clock += len(one.weights)
    total = clock + round(_REST[1] * fps)
    pieces += _blinks(rng, face, total, fps, pieces[0][1])
    sway = raw_per_crop(face) * _SWAY
    motion = _joined(pieces, total, _draw_sway(rng, total / fps, total, sway))
    return replace(motion, apex=apex), tuple(shown)


def _blinks(
    rng: np.random.Generator, face: Face, total: int, fps: float, like: Motion
) -> list[tuple[int, Motion]]:
    found, clock = [], rng.uniform(*_BETWEEN_BLINKS)
    bumps = blink(face)
    while clock * fps < total - fps:
        frames = max(3, round(rng.uniform(*_BLINK) * fps))
        course = np.sin(np.pi * np.linspace(0, 1, frames)) ** 2
        peak = rng.uniform(*_BLINKS) * raw_per_crop(face)
        weights = np.repeat(course[:, None] * peak, len(bumps.centre), axis=1)
        none = np.zeros(len(bumps.centre), np.int64)
        one = replace(like, bumps=bumps, unit=none, strong=none > 0, weights=weights)
        found.append((round(clock * fps), one))
        clock += rng.uniform(*_BETWEEN_BLINKS)
    return found


def _draw_sway(rng: np.random.Generator, seconds: float, total: int, reach: float) -> Array:
    """Movement of the head (T, 3): a few slow waves, as `Motion.drift`."""
    time = np.linspace(0, seconds, total)
    limits = np.array([reach, reach, np.deg2rad(_TILT)]) / _SWAYS
    waves = [
        limits * np.sin(2 * np.pi * time[:, None] / rng.uniform(*_PERIOD, 3) + rng.uniform(0, 7, 3))
        for _ in range(_SWAYS)
    ]
    sway: Array = np.sum(waves, axis=0)
    sway -= sway[0]
    return sway


def _joined(pieces: list[tuple[int, Motion]], total: int, drift: Array) -> Motion:
    """One motion of all pieces, each from its first frame on, still before and after."""
    first = pieces[0][1]
    weights = np.zeros((total, sum(one.weights.shape[1] for _, one in pieces)))
    bumps: Bumps = first.bumps
    column = 0
    for place, (clock, one) in enumerate(pieces):
        width = one.weights.shape[1]
        end = min(total, clock + len(one.weights))
        weights[clock:end, column : column + width] = one.weights[: end - clock]
        column += width
        bumps = one.bumps if place == 0 else bumps.joined(one.bumps)
    return replace(
        first,
        bumps=bumps,
        unit=np.concatenate([one.unit for _, one in pieces]),
        strong=np.concatenate([one.strong for _, one in pieces]),
        weights=weights,
        drift=drift,
    )
