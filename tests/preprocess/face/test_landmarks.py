"""The right face is found by real detectors on a real photograph."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from raicl.common.errors import InputError, SetupError
from raicl.preprocess.face.detection import choose_faces
from raicl.preprocess.face.landmarks import find_landmarks
from raicl.preprocess.face.models import Box, model_file
from raicl.preprocess.face.shape import eye_centres


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)


@pytest.fixture(scope="module")
def eyes(photograph: np.ndarray) -> np.ndarray:
    return eye_centres(find_landmarks(photograph, model_file("dlib68"))[0])


def test_the_face_is_found_and_not_the_larger_false_box(eyes: np.ndarray) -> None:
    # the detector also fires on the suit, (123, 330)-(227, 434), with a larger box
    assert (eyes[:, 1] > 90).all()
    assert (eyes[:, 1] < 140).all()
    assert (eyes[:, 0] > 185).all()
    assert (eyes[:, 0] < 260).all()


def test_both_models_agree_on_the_eyes(photograph: np.ndarray, eyes: np.ndarray) -> None:
    five = eye_centres(find_landmarks(photograph, model_file("dlib5"))[0])
    assert np.abs(five - eyes).max() < 3
    assert five[0, 0] < five[1, 0]


@pytest.mark.promise("input 38")
# each crop was chosen so that the steps before the named one find nothing in it
@pytest.mark.parametrize(
    ("rows", "columns", "side", "step"),
    [
        (slice(88, 172), slice(182, 264), 60, "face-upsampled"),
        (slice(95, 170), slice(186, 258), 112, "face-padded"),
        (slice(80, 180), slice(190, 250), 112, "face-cnn"),
    ],
)
def test_faces_that_touch_the_border_are_found_by_a_later_step_which_is_flagged(
    photograph: np.ndarray, rows: slice, columns: slice, side: int, step: str
) -> None:
    crop = cv2.resize(photograph[rows, columns], (side, side), interpolation=cv2.INTER_CUBIC)
    points, flags = find_landmarks(crop, model_file("dlib68"))
    assert flags == (step,)
    left, right = eye_centres(points)
    assert 0.2 * side < right[0] - left[0] < 0.7 * side
    assert (points[36:48] > 0).all()
    assert (points[36:48] < side).all()


def test_a_picture_without_a_face_is_refused_by_every_detector() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160), dtype=np.uint8)
    with pytest.raises(InputError, match="no face"):
        find_landmarks(noise, model_file("dlib68"))


def test_the_largest_plausible_box_is_taken_and_rivals_are_counted() -> None:
    small = Box(0, 0, 50, 50, 2.0)
    large = Box(0, 0, 90, 90, 1.5)
    false = Box(0, 0, 200, 200, 0.1)
    assert choose_faces([small, large, false]) == [large, small]
    assert choose_faces([small, false]) == [small]
    assert choose_faces([]) == []
    assert choose_faces([small, Box(9, 9, 59, 59, 2.0)])[0] == small  # the first of equal ones


@pytest.mark.promise("input 46")
def test_a_model_that_is_not_there_or_not_a_model_is_a_setup_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no such landmark model"):
        model_file(str(tmp_path / "none.dat"))
    broken = tmp_path / "broken.dat"
    broken.write_bytes(model_file("dlib5").read_bytes()[:1000])
    face = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY)
    with pytest.raises(SetupError, match="not a dlib shape predictor"):
        find_landmarks(face, model_file(str(broken)))
