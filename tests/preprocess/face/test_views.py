"""A turned frame says where each of its pixels was."""

import cv2
import numpy as np
import pytest

from raicl.preprocess.face.align import carry
from raicl.preprocess.face.views import QUARTERS, TILTS, turn


def spot(x: int, y: int) -> np.ndarray:
    image = np.zeros((61, 90), np.uint8)
    cv2.circle(image, (x, y), 2, 255, -1)
    return image


def centre(image: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(image > 99)
    return np.array([[columns.mean(), rows.mean()]])


@pytest.mark.parametrize("degrees", QUARTERS + TILTS)
@pytest.mark.parametrize("place", [(5, 7), (80, 50), (60, 10)])
def test_a_spot_is_carried_back_to_its_place(degrees: int, place: tuple[int, int]) -> None:
    view = turn(spot(*place), degrees)
    np.testing.assert_allclose(carry(centre(view.image), view.back), [place], atol=0.3)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_quarter_turn_changes_no_pixel(quarters: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 31), dtype=np.uint8)
    view = turn(image, 90 * quarters)
    assert np.array_equal(np.rot90(view.image, -quarters), image)
    corner = carry(np.array([[0.0, 0.0]]), view.back)[0].round(9).tolist()
    assert corner == {1: [30, 0], 2: [30, 19], 3: [0, 19]}[quarters]


def test_a_small_turn_holds_the_whole_frame() -> None:
    view = turn(np.full((60, 90), 7, np.uint8), 30)
    assert view.image.shape == (97, 108)
    assert (view.image == 7).all()
