"""Each number is what its definition says of a picture made for it."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from raicl.common.quality import Quality
from raicl.preprocess.face import quality as q

EYES = np.array([[300.0, 200.0], [380.0, 200.0]])
SIDE = 225


def test_the_eyes_tell_distance_and_roll_in_any_position() -> None:
    assert q.eye_distance(EYES) == 80
    assert q.roll(EYES) == 0
    assert q.roll(np.array([[0.0, 0.0], [5.0, 5.0]])) == pytest.approx(45)  # clockwise
    assert q.roll(np.array([[0.0, 9.0], [0.0, 0.0]])) == pytest.approx(-90)
    assert abs(q.roll(EYES[::-1])) == 180


def test_brightness_and_contrast_are_those_of_the_face_and_not_of_what_is_around_it() -> None:
    crop = np.full((SIDE, SIDE), 100, np.uint8)
    crop[:, ::2] = 140
    crop[:8] = crop[:, :8] = 255
    assert q.brightness(crop) == pytest.approx(120, abs=0.5)
    assert q.contrast(crop) == pytest.approx(20, abs=0.1)


def test_a_blur_takes_sharpness_away_and_light_does_not() -> None:
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(SIDE, SIDE)), 1.5)
    crop = 128 + 30 * noise / noise.std()
    sharp = q.sharpness(crop.clip(0, 255).astype(np.uint8))
    assert 0.4 < sharp < 1
    assert q.sharpness((0.5 * crop).clip(0, 255).astype(np.uint8)) == pytest.approx(sharp, 0.05)
    blurred = [q.sharpness(gaussian_filter(crop, s).clip(0, 255).astype(np.uint8)) for s in (1, 4)]
    assert blurred[1] < 0.4 * blurred[0] < 0.4 * sharp
    assert q.sharpness(np.full((SIDE, SIDE), 9, np.uint8)) == 0


@pytest.mark.promise("input 39")
def test_head_motion_is_the_way_of_the_landmarks_in_the_frame_that_moves_most() -> None:
    still, moved = np.eye(2, 3), np.array([[1, 0, 0.3], [0, 1, -0.4]])
    rigid = np.array([[70.0, 80.0], [150.0, 80.0], [110.0, 120.0]])
    assert q.head_motion(np.stack([still, moved, still]), rigid) == pytest.approx(0.5)
    grown = np.array([[1.01, 0, 0], [0, 1.01, 0]])
    way = np.sqrt((rigid**2).sum(1).mean()) * 0.01
    assert q.head_motion(grown[None], rigid) == pytest.approx(way)


def scene(shift: float, *, wall: bool = False, seed: int = 0) -> np.ndarray:
    """A textured or a bare background that moved right by `shift` px, with a camera's noise."""
    noise = gaussian_filter(np.random.default_rng(1).normal(size=(240, 320)), 2)
    picture = 128 + (0 if wall else 40) * noise / noise.std()
    row, column = np.mgrid[:240, :320].astype(float)
    picture = map_coordinates(picture, [row, column - shift], order=3, mode="nearest")
    grain = np.random.default_rng([2, seed]).normal(0, 2, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


SEEN = np.array([[140.0, 100.0], [180.0, 100.0]])


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0])
def test_a_background_that_moves_is_measured_in_eye_distances(shift: float) -> None:
    frames = [scene(0, seed=1), scene(shift, seed=2), scene(shift / 2, seed=3)]
    found = q.background_flow(scene(0), frames, SEEN)
    assert found == pytest.approx(shift / 40, abs=0.1 / 40)


def test_what_moves_in_the_face_or_below_the_chin_is_not_background() -> None:
    frame, moved = scene(0), scene(5, seed=4)
    face = (slice(20, None), slice(80, 240))
    changed = frame.copy()
    changed[face], changed[175:] = moved[face], moved[175:]
    found = q.background_flow(frame, [changed], SEEN)
    assert found is not None
    assert found < 0.1 / 40


def test_a_bare_wall_and_a_face_that_fills_the_frame_tell_nothing_of_it() -> None:
    assert q.background_flow(scene(0, wall=True), [scene(0, wall=True, seed=5)], SEEN) is None
    eyes = np.array([[100.0, 90.0], [220.0, 90.0]])
    assert q.background_flow(scene(0), [scene(1, seed=6)], eyes) is None


def test_the_watched_frames_are_spread_over_all_and_each_taken_once() -> None:
    assert q.watched_rows(16) == [0, 5, 10, 15]
    assert q.watched_rows(2) == [0, 1]
    assert q.watched_rows(1) == [0]


def test_a_face_below_40_px_between_the_eyes_is_flagged_and_an_unknown_one_is_not() -> None:
    assert q.quality_flags(Quality(eye_distance=39.9), SIDE) == ("face-small",)
    assert q.quality_flags(Quality(eye_distance=40.0), SIDE) == ()
    assert q.quality_flags(Quality(), SIDE) == ()


def test_without_landmarks_only_the_picture_is_measured() -> None:
    nothing = np.empty((0, 2))
    crop = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    found = q.measure_quality(
        eyes=nothing, turned=None, face=crop, rigid=nothing, heads=None, background=None
    )
    assert found.to_json().keys() == {"brightness", "contrast", "sharpness"}
    assert Quality.decode(found.encode()) == found
