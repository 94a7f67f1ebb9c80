"""What a shape predictor makes of anything is believed only where there is a face."""

import numpy as np
import pytest

from raicl.preprocess.face.landmarks import find_landmarks
from raicl.preprocess.face.models import Box, fit_landmarks, model_file, run_hog
from raicl.preprocess.face.plausible import (
    MOVES,
    STEADY,
    drawing_problem,
    eye_moves,
    shading,
    shape_problem,
    shape_residual,
)
from raicl.preprocess.face.shape import MEAN_SHAPES
from tests.preprocess.face.pictures import drawing, person, texture

FACES = {count: (mean * 60 + (200, 150)).astype(np.float32) for count, mean in MEAN_SHAPES.items()}


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    unit = np.exp(1j * np.deg2rad(degrees))
    places = points @ (1, 1j) * unit
    return np.stack([places.real, places.imag], axis=1).astype(np.float32)


@pytest.mark.parametrize("count", [68, 5])
def test_the_shape_of_a_face_is_one_at_any_place_and_size_and_tilted_a_little(count: int) -> None:
    for degrees in (-40, 0, 40):
        points = 3 * turned(FACES[count], degrees) + np.float32(7)
        assert shape_problem(points) == ""
        assert shape_residual(points) < 1e-5


@pytest.mark.parametrize("count", [68, 5])
@pytest.mark.parametrize("degrees", [50, 90, 180, -90])
def test_a_shape_that_lies_on_its_side_or_stands_on_its_head_is_none(
    count: int, degrees: float
) -> None:
    assert shape_problem(turned(FACES[count], degrees)).startswith("it is tilted by")


@pytest.mark.parametrize("count", [68, 5])
def test_other_shapes_are_none(count: int) -> None:
    face = FACES[count]
    assert "not above its mouth" in shape_problem((face * (1, -1)).astype(np.float32))
    assert shape_problem(np.zeros_like(face)) == "its eyes are in one place"
    away = face.copy()
    away[-1] += 60 * (3.5 if count == 68 else 1.2)
    assert "from the shape of a face" in shape_problem(away)


def test_the_residual_is_the_distance_that_was_added() -> None:
    points = FACES[68].copy()
    points[8] += (0, 60)  # the chin, by one distance between the eyes
    assert shape_residual(points) == pytest.approx(68**-0.5, rel=0.05)


def test_the_farther_eye_counts_in_distances_between_the_eyes() -> None:
    other = FACES[5].copy()
    other[:2] += (6, 0)  # the eye on the picture's right
    np.testing.assert_allclose(eye_moves(FACES[5], [FACES[5], other]), [0, 0.1], atol=1e-6)


@pytest.mark.parametrize("model", ["dlib68", "dlib5"])
def test_eyes_of_a_face_stay_where_they_are_and_those_of_none_do_not(model: str) -> None:
    path = model_file(model)

    def median_move(image: np.ndarray, box: Box) -> float:
        points = fit_landmarks(image, box, path)
        others = [fit_landmarks(image, box.moved(*move), path) for move in MOVES]
        return float(np.median(eye_moves(points, others)))

    for seed in range(4):
        face = person(seed)
        [box] = run_hog(face, 0)
        assert median_move(face, box) < STEADY
        # the same square, of a face that stands on its head
        below = Box(320 - box.right, 240 - box.bottom, 320 - box.left, 240 - box.top, 0)
        assert median_move(np.ascontiguousarray(face[::-1, ::-1]), below) > STEADY
        assert median_move(texture(seed), box) > STEADY


def test_a_photograph_has_shades_and_a_drawing_has_not() -> None:
    for seed in range(3):
        face = person(seed)
        points, _ = find_landmarks(face, model_file("dlib68"))
        assert shading(face, points) > 0.1
        dark = (face * 0.15).astype(np.uint8)
        assert shading(dark, points) > 0.1  # a share of the contrast, however small
        assert drawing_problem(face, points) == ""
    paper = drawing()
    [box] = run_hog(paper, 0)  # the detector takes it for a face
    points = fit_landmarks(paper, box, model_file("dlib68"))
    assert shape_problem(points) == ""
    assert shading(paper, points) < 0.02
    assert "as a drawing" in drawing_problem(paper, points)
