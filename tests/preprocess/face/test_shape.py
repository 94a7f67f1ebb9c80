"""The mean shapes are those of faces that dlib finds, and symmetric."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage

from raicl.common.errors import InputError
from raicl.data.synthetic.landmarks import MIRRORED
from raicl.preprocess.face.models import fit_landmarks, model_file, run_hog
from raicl.preprocess.face.plausible import shape_residual
from raicl.preprocess.face.shape import MEAN_SHAPES, eye_centres, rigid_landmarks, turn
from tests.preprocess.face.pictures import person

ORDER = {68: MIRRORED, 5: (2, 3, 0, 1, 4)}


@pytest.mark.parametrize("count", [68, 5])
def test_a_mean_shape_is_symmetric_and_its_eyes_are_one_apart(count: int) -> None:
    mean = MEAN_SHAPES[count]
    np.testing.assert_allclose(mean[list(ORDER[count])] * (-1, 1), mean, atol=0.011)
    np.testing.assert_allclose(eye_centres(mean), [(-0.5, 0), (0.5, 0)], atol=0.011)


def real_people(many: int) -> list[np.ndarray]:
    """Faces of LFW as scikit-image ships them, 25 px wide, enlarged."""
    small = np.load(Path(skimage.__file__).parent / "data" / "lfw_subset.npy")[:many]
    large = [cv2.resize(face, (200, 200), interpolation=cv2.INTER_CUBIC) for face in small]
    return [np.pad((255 * f).clip(0, 255).astype(np.uint8), 50, mode="edge") for f in large]


@pytest.mark.parametrize(("model", "count"), [("dlib68", 68), ("dlib5", 5)])
def test_the_landmarks_of_synthetic_and_real_people_have_the_mean_shape(
    model: str, count: int
) -> None:
    means = []
    for people in ([person(seed) for seed in range(6)], real_people(20)):
        found = [
            fit_landmarks(face, boxes[0], model_file(model))
            for face in people
            if (boxes := run_hog(face, 0))
        ]
        assert len(found) > 0.7 * len(people)
        placed = []
        for points in found:
            left, right = eye_centres(points) @ (1, 1j)
            placed.append((points @ (1, 1j) - (left + right) / 2) / (right - left))
        means.append(np.mean(placed, axis=0))
    mean = np.mean(means, axis=0)
    shape = np.stack([mean.real, mean.imag], axis=1).astype(np.float32)
    assert shape_residual(shape) < 0.05


@pytest.mark.parametrize("count", [68, 5])
def test_a_head_that_is_turned_shows_its_nose_beside_its_eyes(count: int) -> None:
    nose = {68: 30, 5: 4}[count]
    depth = np.zeros(count)
    depth[nose] = 0.6  # eye distances before the eyes
    for degrees in (-27, 0, 27):
        angle = np.radians(degrees)
        face = MEAN_SHAPES[count].copy()
        face[:, 0] = face[:, 0] * np.cos(angle) + depth * np.sin(angle)
        tilted = face @ np.array([[0.8, 0.6], [-0.6, 0.8]]) * 90 + (300, 200)
        assert turn(tilted) == pytest.approx(0.6 * np.tan(angle), abs=0.011)


def test_a_wrong_number_of_points_is_refused() -> None:
    for part in (eye_centres, rigid_landmarks, turn):
        with pytest.raises(InputError, match="7 points"):
            part(np.zeros((7, 2), np.float32))
