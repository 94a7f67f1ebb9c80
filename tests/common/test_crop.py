"""Where eyes and face lie in a crop."""

import numpy as np
import pytest

from raicl.common.crop import EYES, FACE_CENTRE, FACE_RADII, eye_transform, face_mask


@pytest.mark.parametrize("size", [33, 225])
def test_the_eyes_come_to_their_places_by_a_similarity(size: int) -> None:
    eyes = np.array([[100.0, 210.0], [160.0, 190.0]])
    transform = eye_transform(eyes, size)
    placed = eyes @ transform[:, :2].T + transform[:, 2]
    np.testing.assert_allclose(placed, np.array(EYES) * (size - 1), atol=1e-9)
    turn = transform[:, :2]
    scale = (EYES[1][0] - EYES[0][0]) * (size - 1) / np.hypot(60, 20)
    np.testing.assert_allclose(turn @ turn.T, scale**2 * np.eye(2), atol=1e-12)
    assert np.linalg.det(turn) > 0  # a turn, and no mirror


def test_the_face_is_the_ellipse_that_is_said() -> None:
    size = 401
    mask = face_mask(size)
    assert mask.shape == (size, size)
    assert (mask == mask[:, ::-1]).all()
    rows, columns = np.nonzero(mask)
    last = size - 1
    for found, centre, radius in ((columns, 0.5, FACE_RADII[0]), (rows, 0.55, FACE_RADII[1])):
        assert found.min() == pytest.approx((centre - radius) * last, abs=1.5)
        assert found.max() == pytest.approx(min(1, centre + radius) * last, abs=1.5)
    assert FACE_CENTRE == (0.5, 0.55)
    area = np.pi * FACE_RADII[0] * FACE_RADII[1]
    assert mask.mean() == pytest.approx(area, abs=0.005)


def test_the_places_of_the_eyes_are_those_of_every_cache() -> None:
    assert EYES == ((0.32, 0.36), (0.68, 0.36))  # docs/method.md 1.1; other places, other flow


def test_the_mask_is_shared_and_not_written_to() -> None:
    assert face_mask(33) is face_mask(33)
    with pytest.raises(ValueError, match="read-only"):
        face_mask(33)[0, 0] = True
