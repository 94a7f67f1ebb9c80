"""Motion: action units as displacement bumps on a face, their course in time, and head drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raicl.data.synthetic.course import Course, draw_course
from raicl.data.synthetic.difficulty import Difficulty
from raicl.data.synthetic.face import PHOTO_FACE, PHOTO_FACE_SIDE, Face
from raicl.data.synthetic.field import Array, Bumps, dense_field
from raicl.data.synthetic.units import ACTION_UNITS

# Amplitudes are given in px of the 225 px crop. [ours] Assumption: the crop shows 1.3 times the
# side of the detector's box. With another crop, the same raw motion only has another value.
_CROP_SIDE, _CROP_MARGIN = 225.0, 1.3


@dataclass(frozen=True)
class Habits:
    """How one person moves; see `Difficulty` for the units."""

    strength: float
    log_asymmetry: float
    offsets: dict[int, Array]
    turns: dict[int, float]


@dataclass(frozen=True)
class Motion:
    """What moves in a clip of T frames, in raw px. A margin around the annotation counts as well.

    Attributes
    ----------
    bumps : the K displacement bumps, those of the action units first.
    unit : (K,), the action unit of each bump. 0 for a distractor.
    strong : (K,), whether the bump belongs to the clip's strong action unit: the one with the
        largest peak, or the one that `Difficulty.weak` does not weaken.
    weights : (T, K), share of each bump's full displacement; 0 at the annotated onset.
    drift : (T, 3), movement of the head: right, down (px) and roll about `pivot` (radians,
        clockwise on the screen). [ours] The background moves too, so that the drift is a similarity
        everywhere and its strain is 0. A still background would tear at the head's outline.
    pivot : (2,), centre of the roll, px.
    apex : index of the frame where the action units peak.
    """

    bumps: Bumps
    unit: NDArray[np.int64]
    strong: NDArray[np.bool_]
    weights: Array
    drift: Array
    pivot: Array
    apex: int

    @property
    def action(self) -> NDArray[np.bool_]:
        """(K,), whether a bump belongs to an action unit of the class and is no distractor."""
        return self.unit > 0


def raw_per_crop(face: Face) -> float:
    """Raw px per px of the 225 px crop (about 1.44 for a face box of 250 px)."""
    return _CROP_MARGIN * face.box_side / _CROP_SIDE


def draw_habits(rng: np.random.Generator, difficulty: Difficulty) -> Habits:
    """Draw how a person moves."""
    return Habits(
        strength=float(rng.uniform(*difficulty.strength)),
        log_asymmetry=float(rng.normal(0, difficulty.asymmetry)),
        offsets={unit: rng.normal(0, difficulty.jitter, 2) for unit in ACTION_UNITS},
        turns={unit: float(rng.normal(0, difficulty.turn)) for unit in ACTION_UNITS},
    )


def draw_motion(
    rng: np.random.Generator,
    units: tuple[int, ...],
    frames: int,
    apex: int,
    *,
    face: Face,
    habits: Habits,
    difficulty: Difficulty,
    size: tuple[int, int],
    weak: tuple[int, ...] = (),
    course: Course = "symmetric",
    margin: int = 0,
) -> Motion:
    """Draw how `face` shows the action units `units`, in `frames` frames with the peak at `apex`.

    The joint peak of the action units is `Difficulty.amplitude` times the person's strength,
    limited to 0.2 to 1.5 px of a 225 px crop. With `weak`, that is the peak of the other units, and
    the weak ones reach a share of it (`Difficulty.weak`).

    Parameters
    ----------
    weak : those of `units` that are weak on purpose.
    course : how the motion rises and falls.
    margin : number of frames to add before the onset and after the offset. The action units keep
        still there, the head and what is irrelevant do not.
    """
    action, unit_of = _draw_action(rng, units, face, habits, difficulty)
    amplitude = np.clip(rng.uniform(*difficulty.amplitude) * habits.strength, 0.2, 1.5)
    amplitude *= raw_per_crop(face)
    if weak:
        assert difficulty.weak is not None  # else nothing is weak on purpose
        share = rng.uniform(*difficulty.weak)
        action = _at_peaks(action, np.isin(unit_of, weak), amplitude, share * amplitude, size)
    else:
        action = action.scaled(amplitude / peak(action, size))
    strong = ~np.isin(unit_of, weak) if weak else unit_of == _strongest(action, unit_of, size)
    powers = {unit: rng.uniform(0.8, 1.4) for unit in units}
    joint = draw_course(rng, frames, apex, course)
    joint = np.pad(joint, margin, mode="edge")
    shares = np.stack([joint ** powers[unit] for unit in unit_of], axis=1)
    distraction, ripples = _draw_distractors(rng, frames, margin, face, difficulty)
    reach = raw_per_crop(face) * difficulty.drift
    return Motion(
        bumps=action.joined(distraction),
        unit=np.concatenate([unit_of, np.zeros(ripples.shape[1], np.int64)]),
        strong=np.concatenate([strong, np.zeros(ripples.shape[1], bool)]),
        weights=np.concatenate([shares, ripples], axis=1),
        drift=_draw_drift(rng, frames, margin, reach, difficulty.roll),
        pivot=np.array(face.centre),
        apex=margin + apex,
    )


def peak(bumps: Bumps, size: tuple[int, int]) -> float:
    """Largest displacement of `bumps` at weight 1 in an image of `size`, px."""
    field = dense_field(bumps, np.ones(len(bumps.centre)), size)
    return float(np.hypot(field[0], field[1]).max())


def _at_peaks(
    action: Bumps, weak: NDArray[np.bool_], most: float, least: float, size: tuple[int, int]
) -> Bumps:
    """`action` with a peak of `most` px for its strong units and `least` px for its weak ones."""
    direction = action.direction.copy()
    for which, amplitude in ((~weak, most), (weak, least)):
        if which.any():
            direction[which] *= amplitude / peak(action.chosen(which), size)
    return Bumps(action.centre, action.sigma, direction)


def _strongest(action: Bumps, unit_of: NDArray[np.int64], size: tuple[int, int]) -> int:
    """The action unit with the largest peak."""
    peaks = {int(unit): peak(action.chosen(unit_of == unit), size) for unit in np.unique(unit_of)}
    return max(peaks, key=lambda unit: peaks[unit])


def _draw_action(
    rng: np.random.Generator,
    units: tuple[int, ...],
    face: Face,
    habits: Habits,
    difficulty: Difficulty,
) -> tuple[Bumps, NDArray[np.int64]]:
    to_photo = raw_per_crop(face) / face.scale  # crop px -> px of the photograph
    points, spreads, directions, unit_of = [], [], [], []
    absent = rng.integers(2) if rng.random() < difficulty.one_sided else None
    for unit in units:
        emphasis = rng.uniform(0.7, 1.0)
        ratio = np.exp(habits.log_asymmetry + rng.normal(0, difficulty.asymmetry / 2))
        turn = np.deg2rad(habits.turns[unit] + rng.normal(0, difficulty.turn / 2))
        shift = habits.offsets[unit] + rng.normal(0, difficulty.jitter / 2, 2)
        for pair, spread, direction in ACTION_UNITS[unit]:
            right, down = np.array(direction) @ _rotation(turn)
            for side, point in enumerate(pair):
                mirror = 1 - 2 * side
                strength = emphasis * (ratio**-0.5, ratio**0.5)[side]
                if len(pair) == 2 and side == absent:
                    strength = 0.0
                points.append(np.add(point, shift * (mirror, 1) * to_photo))
                spreads.append(spread)
                directions.append((mirror * right * strength, down * strength))
                unit_of.append(unit)
    return _on_face(face, points, spreads, directions), np.array(unit_of)


def blink(face: Face) -> Bumps:
    """Both lids of a face closing, by 1 px of the frame."""
    points, spread, (right, down) = ACTION_UNITS[45][0]
    directions = [((1 - 2 * side) * right, down) for side in range(len(points))]
    return _on_face(face, points, [spread] * len(points), directions)


def _on_face(face: Face, points: object, spreads: object, directions: object) -> Bumps:
    """Move bumps that are given on the photograph to the same places of this face."""
    return Bumps(
        centre=face.place(np.asarray(points, dtype=np.float64)),
        sigma=np.asarray(spreads, dtype=np.float64) * face.scale,
        direction=np.asarray(directions, dtype=np.float64) @ face.linear.T / face.scale,
    )


def _draw_distractors(
    rng: np.random.Generator,
    frames: int,
    margin: int,
    face: Face,
    difficulty: Difficulty,
) -> tuple[Bumps, Array]:
    """Draw blinks and twitches at any place and time: bumps and weights (T, K)."""
    numbers = np.arange(-margin, frames + margin)  # 0 at the onset
    low, high = difficulty.distractors
    points, spreads, directions, ripples = [], [], [], []
    for _ in range(rng.integers(low, high + 1)):
        amplitude = rng.uniform(*difficulty.distractor_amplitude) * raw_per_crop(face)
        middle, half = rng.uniform(0, 1) * (frames - 1), rng.uniform(0.15, 0.5) * frames
        time = np.clip((numbers - middle) / half, -1, 1)
        ripple = np.cos(np.pi * time / 2) ** 2
        ripples_here = amplitude * (ripple - ripple[margin])  # the onset frame is the reference
        if rng.random() < 0.4:
            here, spread, (right, down) = ACTION_UNITS[45][0]
        else:
            angle, radius = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0, 1))
            offset = radius * PHOTO_FACE_SIDE * np.array([0.42, 0.5]) * _unit(angle)
            here = ((PHOTO_FACE[0] + offset[0], PHOTO_FACE[1] + offset[1]),)
            spread = (rng.uniform(7, 12), rng.uniform(7, 12))
            right, down = _unit(rng.uniform(0, 2 * np.pi))
        for side, point in enumerate(here):
            points.append(point)
            spreads.append(spread)
            directions.append(((1 - 2 * side) * right, down))
            ripples.append(ripples_here)
    if not points:
        nothing = np.zeros((0, 2))
        return Bumps(nothing, nothing, nothing), np.zeros((len(numbers), 0))
    return _on_face(face, points, spreads, directions), np.stack(ripples, axis=1)


def _rotation(angle: float) -> Array:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _unit(angle: float) -> Array:
    return np.array([np.cos(angle), np.sin(angle)])


def _draw_drift(
    rng: np.random.Generator, frames: int, margin: int, reach: float, roll: float
) -> Array:
    """Draw a slow head movement (T, 3): a ramp plus a swing, 0 at the onset."""
    time = np.linspace(0, 1, frames)
    outside = np.arange(1, margin + 1) * time[1]
    time = np.concatenate([-outside[::-1], time, 1 + outside])
    limits = np.array([reach, reach, np.deg2rad(roll)]) / np.array([np.sqrt(2), np.sqrt(2), 1])
    ramp = rng.uniform(-0.6, 0.6, 3) * time[:, None]
    phase = rng.uniform(0, 2 * np.pi, 3)
    swing = 0.2 * (np.sin(2 * np.pi * rng.uniform(0.3, 1.0, 3) * time[:, None] + phase))
    drift: Array = limits * (ramp + swing - swing[margin])
    return drift
