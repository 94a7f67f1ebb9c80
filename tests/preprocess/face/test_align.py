"""One similarity, eyes to their places, by a single interpolation."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from raicl.common.crop import eye_transform
from raicl.preprocess.face.align import fit_transform, warp

CANONICAL = np.array([[0.32, 0.36], [0.68, 0.36]]) * 224


def apply(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ transform[:, :2].T + transform[:, 2]


def test_the_eyes_land_on_their_places() -> None:
    eyes = np.array([[301.0, 222.5], [380.0, 240.0]])
    np.testing.assert_allclose(apply(eye_transform(eyes, 225), eyes), CANONICAL, atol=1e-9)


def test_eyes_in_place_give_the_identity() -> None:
    expected = np.array([[1.0, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(eye_transform(CANONICAL, 225), expected, atol=1e-12)


def test_the_transform_is_a_similarity_without_mirroring() -> None:
    matrix = eye_transform(np.array([[10.0, 50.0], [60.0, 20.0]]), 225)[:, :2]
    gram = matrix @ matrix.T
    np.testing.assert_allclose(gram, np.eye(2) * gram[0, 0], atol=1e-12)
    assert np.linalg.det(matrix) > 0


def test_the_identity_warp_keeps_every_pixel() -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 50), dtype=np.uint8)
    identity = np.array([[1.0, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(warp(image, identity, size=50, margin=0), image)


def test_the_margin_lies_around_the_same_crop() -> None:
    image = np.random.default_rng(0).integers(0, 256, (90, 120), dtype=np.uint8)
    transform = eye_transform(np.array([[40.3, 41.0], [71.0, 45.5]]), 65)
    inside = warp(image, transform, size=65, margin=8)[8:-8, 8:-8]
    np.testing.assert_array_equal(inside, warp(image, transform, size=65, margin=0))


@pytest.mark.parametrize(("height", "width"), [(340, 280), (280, 340), (225, 225)])
def test_a_registered_crop_is_centred_and_not_stretched(height: int, width: int) -> None:
    transform = fit_transform((height, width), 225)
    centre = apply(transform, np.array([[(width - 1) / 2, (height - 1) / 2]]))
    np.testing.assert_allclose(centre, [[112, 112]], atol=1e-9)
    np.testing.assert_allclose(transform[:, :2], np.eye(2) * 225 / max(height, width))


def test_shrinking_does_not_alias_fine_texture_into_motion() -> None:
    noise = np.random.default_rng(0).normal(128, 40, (600, 600))
    image = noise.clip(0, 255).astype(np.uint8)
    transform = np.array([[0.25, 0, 0], [0, 0.25, 0]])
    shrunk = warp(image, transform, size=150, margin=0).astype(float)
    wanted = gaussian_filter(noise.clip(0, 255), 2)[::4, ::4]  # what a 4x smaller camera would see
    assert np.corrcoef(shrunk[5:-5, 5:-5].ravel(), wanted[5:-5, 5:-5].ravel())[0, 1] > 0.95
