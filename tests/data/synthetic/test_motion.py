"""What a synthetic clip shows: schedule, action units, and the truth of the displacement."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from raicl.common.errors import InputError
from raicl.common.instance import strain
from raicl.data.synthetic.database import render_frames
from raicl.data.synthetic.difficulty import Difficulty
from raicl.data.synthetic.face import Face, draw_face, render_face
from raicl.data.synthetic.field import Bumps, dense_field, displace, invert, pixel_grid
from raicl.data.synthetic.motion import (
    Motion,
    draw_habits,
    draw_motion,
    peak,
    raw_per_crop,
)
from raicl.data.synthetic.plan import plan_scenes, schedule_emotions
from raicl.data.synthetic.truth import moving_region, true_flow, write_truth
from raicl.data.synthetic.units import ACTION_UNITS, EMOTIONS

SIZE = (640, 480)
COMPOSITE = {"happiness": 1, "surprise": 2, "disgust": 0, "repression": 0}


def person(seed: int) -> tuple[Face, np.random.Generator]:
    rng = np.random.default_rng(seed)
    return draw_face(rng, SIZE), rng


NO_LANDMARKS = np.zeros((68, 2))


def motion_of(
    face: Face, rng: np.random.Generator, units: tuple[int, ...], difficulty: Difficulty
) -> Motion:
    habits = draw_habits(rng, difficulty)
    return draw_motion(
        rng, units, 30, 14, face=face, habits=habits, difficulty=difficulty, size=SIZE
    )


def still(shift: tuple[float, float], roll: float = 0.0) -> Motion:
    """Two frames, the second one moved rigidly by `shift` and `roll`."""
    nothing = np.zeros((0, 2))
    return Motion(
        bumps=Bumps(nothing, nothing, nothing),
        unit=np.zeros(0, np.int64),
        strong=np.zeros(0, bool),
        weights=np.zeros((2, 0)),
        drift=np.array([[0, 0, 0], [*shift, roll]], dtype=np.float64),
        pivot=np.array([320.0, 240.0]),
        apex=1,
    )


def grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)


def test_all_seven_emotions_occur_and_the_composite_classes_are_balanced() -> None:
    table = schedule_emotions(12, 6)
    counts = Counter(emotion for row in table for emotion in row)
    assert set(counts) == set(EMOTIONS)
    assert Counter(COMPOSITE[e] for e in counts.elements() if e in COMPOSITE) == {
        0: 22,
        1: 22,
        2: 22,
    }
    for row in table:  # nobody lacks a class
        assert {COMPOSITE[emotion] for emotion in row if emotion in COMPOSITE} == {0, 1, 2}


def test_frame_numbers_gain_a_digit_within_some_clips() -> None:
    scenes = plan_scenes(12, 6, 0)
    assert any(scene.onset <= 9 < scene.offset for scene in scenes)
    assert any(scene.onset <= 99 < scene.offset for scene in scenes)
    assert all(26 <= scene.frames <= 60 for scene in scenes)
    assert all(0.28 < scene.apex / (scene.frames - 1) < 0.72 for scene in scenes)


def test_a_frame_moved_right_and_down_has_positive_u_and_v(tmp_path: Path) -> None:
    write_truth(
        tmp_path / "clip.npz", still((0.5, 0.25)), first=9, size=SIZE, landmarks=NO_LANDMARKS
    )
    flow = true_flow(tmp_path / "clip.npz", 10)
    assert flow.shape == (2, 480, 640)
    np.testing.assert_allclose(flow[0], 0.5, atol=1e-4)
    np.testing.assert_allclose(flow[1], 0.25, atol=1e-4)

    face, rng = person(0)
    neutral = render_face(face, SIZE)
    first, second = (grey(p) for p in render_frames(neutral, still((3, 0)), noise=0, rng=rng))
    np.testing.assert_array_equal(second[:, 10:-10], first[:, 7:-13])


def test_head_rotation_has_no_strain(tmp_path: Path) -> None:
    # small-angle strain of a rotation is 1 - cos, so the angle is that of the real drift
    write_truth(
        tmp_path / "clip.npz",
        still((0.3, -0.2), np.deg2rad(0.08)),
        first=1,
        size=SIZE,
        landmarks=NO_LANDMARKS,
    )
    flow = true_flow(tmp_path / "clip.npz", 2)
    assert np.hypot(flow[0], flow[1]).max() > 0.5
    assert strain(flow).max() < 1e-5


@pytest.mark.parametrize("units", [(6, 12), (1, 2, 26), (4, 9), (15, 17)])
def test_warping_a_frame_back_by_the_truth_gives_the_onset(
    units: tuple[int, ...], tmp_path: Path
) -> None:
    face, rng = person(units[0])
    neutral = render_face(face, SIZE)
    motion = motion_of(face, rng, units, Difficulty(amplitude=(1.5, 1.5)))
    write_truth(tmp_path / "clip.npz", motion, first=95, size=SIZE, landmarks=NO_LANDMARKS)
    frames = [grey(p) for p in render_frames(neutral, motion, noise=0, rng=rng)]
    flow = true_flow(tmp_path / "clip.npz", 95 + motion.apex)
    x, y = pixel_grid(SIZE) + flow
    back = cv2.remap(frames[motion.apex], x, y, cv2.INTER_CUBIC)
    region = moving_region(tmp_path / "clip.npz")
    before = np.abs(frames[motion.apex] - frames[0])[region].mean()
    after = np.abs(back - frames[0])[region].mean()
    assert after < 0.5  # grey levels: rounding to 8 bit twice, and sampling
    assert after < before / 4

    # The error in px: the least-squares shift that is left.
    gradient = np.stack([np.gradient(frames[0])[1][region], np.gradient(frames[0])[0][region]])
    left, *_ = np.linalg.lstsq(gradient.T, (back - frames[0])[region], rcond=None)
    assert np.abs(left).max() < 0.02


def test_the_inverse_of_a_field_returns_to_where_it_came_from() -> None:
    face, rng = person(5)
    motion = motion_of(face, rng, (1, 2, 26), Difficulty(amplitude=(1.5, 1.5)))
    weights = motion.weights[motion.apex]
    targets = pixel_grid(SIZE)
    points = invert(dense_field(motion.bumps, weights, SIZE), targets, rounds=4)
    flat = points.reshape(2, -1).T.astype(np.float64)
    landed = flat + displace(motion.bumps, weights, flat)
    assert np.abs(landed - targets.reshape(2, -1).T).max() < 0.005


def test_the_face_s_motion_is_separable_from_drift_and_distractors(tmp_path: Path) -> None:
    face, rng = person(2)
    motion = motion_of(face, rng, (4,), Difficulty(distractors=(2, 2)))
    path = tmp_path / "clip.npz"
    write_truth(path, motion, first=1, size=SIZE, landmarks=NO_LANDMARKS)
    apex = 1 + motion.apex
    alone = true_flow(path, apex, drift=False, distractors=False)
    expected = dense_field(motion.bumps, motion.weights[motion.apex] * motion.action, SIZE)
    np.testing.assert_array_equal(alone, expected)
    assert not np.allclose(true_flow(path, apex, drift=False), alone)
    corner = (slice(None), slice(0, 20), slice(0, 20))  # nothing but drift out there
    assert np.abs(alone[corner]).max() < 1e-4
    assert np.abs(true_flow(path, apex)[corner]).max() > 0.01
    region = moving_region(path)
    assert 0.001 < region.mean() < 0.2


def test_motion_is_zero_at_the_onset_and_the_action_also_at_the_offset(tmp_path: Path) -> None:
    face, rng = person(4)
    motion = motion_of(face, rng, (6, 12), Difficulty())
    write_truth(tmp_path / "clip.npz", motion, first=1, size=SIZE, landmarks=NO_LANDMARKS)
    assert np.abs(true_flow(tmp_path / "clip.npz", 1)).max() < 1e-4
    np.testing.assert_allclose(motion.weights[-1][motion.action], 0, atol=1e-12)
    action = motion.weights[:, motion.action]
    assert (action.argmax(axis=0) == motion.apex).all()
    np.testing.assert_allclose(action[motion.apex], 1)


@pytest.mark.parametrize("seed", range(6))
def test_the_peak_stays_within_the_range_of_micro_expressions(seed: int) -> None:
    face, rng = person(seed)
    for emotion in EMOTIONS:
        motion = motion_of(face, rng, EMOTIONS[emotion][0], Difficulty(amplitude=(0.1, 2.5)))
        kept = motion.bumps.direction * motion.action[:, None]
        at_crop = peak(replace(motion.bumps, direction=kept), SIZE) / raw_per_crop(face)
        assert 0.199 < at_crop < 1.501


def test_head_drift_is_slow_and_below_a_pixel() -> None:
    for seed in range(20):
        face, rng = person(seed)
        drift = motion_of(face, rng, (4,), Difficulty()).drift
        assert np.abs(drift[0]).max() == 0
        assert np.hypot(drift[:, 0], drift[:, 1]).max() / raw_per_crop(face) < 0.52
        assert np.abs(np.diff(drift[:, :2], axis=0)).max() < 0.09  # px per frame


@pytest.mark.parametrize("unit", ACTION_UNITS)
def test_a_mirrored_person_moves_the_mirrored_way(unit: int) -> None:
    plain = Difficulty(
        asymmetry=0, one_sided=0, turn=0, jitter=0, distractors=(0, 0), amplitude=(1, 1)
    )
    face, _ = person(1)
    face = replace(face, angle=0.0, centre=(319.5, 250.0), mirrored=False)
    fields = []
    for mirrored in (False, True):
        rng = np.random.default_rng(7)
        motion = motion_of(replace(face, mirrored=mirrored), rng, (unit,), plain)
        fields.append(dense_field(motion.bumps, motion.weights[motion.apex], SIZE))
    u, v = fields[0][:, :, ::-1]
    np.testing.assert_allclose(fields[1], np.stack([-u, v]), atol=1e-5)


def test_brows_rise_in_surprise_and_mouth_corners_rise_only_in_happiness() -> None:
    plain = Difficulty(
        asymmetry=0, one_sided=0, turn=0, jitter=0, distractors=(0, 0), amplitude=(0.5, 1)
    )
    face, rng = person(3)
    brow, corner = face.place(np.array([[217.0, 92.0], [202.0, 141.0]])).round().astype(int)
    moves = {}
    for units in ((1, 2), (4,), (12,), (15,)):
        motion = motion_of(face, rng, units, plain)
        moves[units] = dense_field(motion.bumps, motion.weights[motion.apex], SIZE)[1]
    assert moves[1, 2][brow[1], brow[0]] < -0.2
    assert moves[4,][brow[1], brow[0]] > 0.2
    assert moves[12,][corner[1], corner[0]] < -0.2
    assert moves[15,][corner[1], corner[0]] > 0.2


def test_a_one_sided_action_unit_leaves_the_other_brow_still() -> None:
    face, rng = person(6)
    motion = motion_of(face, rng, (4,), Difficulty(one_sided=1, distractors=(0, 0)))
    v = dense_field(motion.bumps, motion.weights[motion.apex], SIZE)[1]
    brows = face.place(np.array([[194.0, 89.0], [257.0, 91.0]])).round().astype(int)
    weak, strong = sorted(abs(float(v[y, x])) for x, y in brows)
    assert strong > 0.05
    assert weak < strong / 5


def test_a_foreign_file_or_frame_is_an_input_error(tmp_path: Path) -> None:
    write_truth(tmp_path / "clip.npz", still((0, 0)), first=9, size=SIZE, landmarks=NO_LANDMARKS)
    (tmp_path / "foreign.npz").write_bytes(b"not an archive")
    with pytest.raises(InputError, match="no frame 11, only 9 to 10"):
        true_flow(tmp_path / "clip.npz", 11)
    for name in ("foreign.npz", "missing.npz"):
        with pytest.raises(InputError, match="not the truth of a synthetic clip"):
            true_flow(tmp_path / name, 9)


@pytest.mark.parametrize("shift", [0.1, 0.25])
def test_a_small_shift_is_shown_in_its_true_size(shift: float) -> None:
    """A biased interpolation, as OpenCV's bicubic one, would show a third more."""
    texture = gaussian_filter(np.random.default_rng(0).normal(size=(60, 80)), 1.5)
    neutral = 128 + 25 * texture / texture.std()
    nothing = Bumps(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 2)))
    motion = Motion(
        bumps=nothing,
        unit=np.zeros(0, np.int64),
        strong=np.zeros(0, bool),
        weights=np.zeros((2, 0)),
        drift=np.array([[0.0, 0, 0], [shift, 0, 0]]),
        pivot=np.zeros(2),
        apex=1,
    )
    colour = np.repeat(neutral[..., None], 3, axis=2).astype(np.float32)
    still, moved = (
        frame[..., 0].astype(float)
        for frame in render_frames(colour, motion, noise=0, rng=np.random.default_rng(0))
    )
    np.testing.assert_allclose(still, neutral, atol=0.6)
    y, x = np.mgrid[:60, :80].astype(float)
    change = (map_coordinates(neutral, [y, x - shift], order=5) - neutral)[8:-8, 8:-8]
    shown = (moved - neutral)[8:-8, 8:-8]
    assert (shown * change).sum() / (change**2).sum() == pytest.approx(1, abs=0.05)
