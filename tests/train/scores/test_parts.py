"""The partition of a face by its landmarks, and places brought from a frame into the crop."""

import cv2
import numpy as np
import pytest

from raicl.train.scores.parts import PARTS, carry, cell_centres, crop_mask, face_parts
from tests.train.faces import drawn_landmarks

FACE = drawn_landmarks()
SIMILARITY = np.array([[30.0, -12.0, 100.0], [12.0, 30.0, 80.0]])
EVERYWHERE = np.stack(np.meshgrid(np.linspace(-2, 2, 41), np.linspace(-2, 3, 51)), -1).reshape(
    -1, 2
)


@pytest.mark.parametrize(
    ("part", "places"),
    [
        ("brows", [(-0.55, -0.37), (0.55, -0.37), (0, -0.3), (0.2, -0.45)]),
        ("eyes", [(-0.5, 0), (0.5, 0), (0.6, 0.1)]),
        ("nose", [(0, 0.4), (0.15, 0.6), (-0.3, 0.62)]),
        ("mouth", [(0, 1), (-0.45, 1), (0, 0.87)]),
        ("cheeks", [(-0.75, 0.6), (0.75, 0.6), (-0.8, 0.9)]),
        ("chin", [(0, 1.45), (0.2, 1.4)]),
        ("background", [(0, -1), (-1.6, 0.5), (0, 2.2), (0, -0.7)]),
    ],
)
def test_a_place_is_of_the_part_that_anybody_would_name(
    part: str, places: list[tuple[float, float]]
) -> None:
    found = face_parts(FACE, np.array(places, np.float64))
    assert [PARTS[index] for index in found] == [part] * len(places)


def test_parts_move_turn_and_grow_with_the_face() -> None:
    before = face_parts(FACE, EVERYWHERE)
    after = face_parts(carry(FACE, SIMILARITY), carry(EVERYWHERE, SIMILARITY))
    assert set(before) == set(range(len(PARTS)))
    assert (before == after).mean() > 0.998  # a place on a border may be rounded to either side


def test_a_symmetric_face_has_symmetric_parts() -> None:
    mirrored = face_parts(FACE, EVERYWHERE * (-1, 1))
    assert (face_parts(FACE, EVERYWHERE) == mirrored).mean() > 0.998


def test_the_centre_of_a_cell_is_the_mean_of_its_pixels() -> None:
    centres = cell_centres((3, 5), 15)
    y, x = np.mgrid[:15, :15]
    for values, axis in ((x, 0), (y, 1)):
        means = values.reshape(3, 5, 5, 3).mean((1, 3)).ravel()
        assert centres[:, axis] == pytest.approx(means)


def test_a_mask_is_cropped_as_opencv_warps_it() -> None:
    rng = np.random.default_rng(0)
    mask = cv2.GaussianBlur(rng.normal(size=(120, 160)), (0, 0), 6) > 0
    # rotated, enlarged, and in part outside the frame
    transform = np.array([[0.9, -0.2, -30.0], [0.2, 0.9, 12.0]])
    flags = cv2.INTER_NEAREST
    expected = cv2.warpAffine(mask.astype(np.uint8), transform, (100, 100), flags=flags) > 0
    cropped = crop_mask(mask, transform, 100)
    assert 0.2 < cropped.mean() < 0.8
    assert (cropped == expected).mean() > 0.995  # OpenCV rounds places to 1/32 px
