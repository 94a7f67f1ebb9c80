"""A face that is not upright in the frame is found, aligned upright and flagged; no face is not."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.common.errors import InputError
from raicl.preprocess.face.align import carry, warp
from raicl.preprocess.face.landmarks import find_landmarks
from raicl.preprocess.face.location import locate_face
from raicl.preprocess.face.models import model_file
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.face.pictures import drawing, hand, person, texture

SETTINGS = PrepSettings()
VIDEO = Path(__file__).parents[4] / "shared" / "data" / "talking_head.mp4"


def in_turned(points: np.ndarray, quarters: int, shape: tuple[int, ...]) -> np.ndarray:
    """Where points of a frame are in ``np.rot90(frame, quarters)``."""
    x, y = points.T
    height, width = shape
    places = {1: (y, width - 1 - x), 2: (width - 1 - x, height - 1 - y), 3: (height - 1 - y, x)}
    return np.stack(places[quarters], axis=1)


def check_turned(frame: np.ndarray) -> None:
    """Turned by quarters, a frame gives the crop that it gives upright."""
    upright = locate_face(frame, SETTINGS)
    assert upright.flags == ()
    crop = warp(frame, upright.transform, size=225, margin=0).astype(float)
    for quarters in (1, 2, 3):
        other = np.ascontiguousarray(np.rot90(frame, quarters))
        found = locate_face(other, SETTINGS)
        assert found.flags[0] == "face-rotated"
        eyes = carry(in_turned(upright.eyes, quarters, frame.shape), found.transform)
        assert np.abs(eyes - carry(upright.eyes, upright.transform)).max() < 2
        again = warp(other, found.transform, size=225, margin=0).astype(float)
        assert np.corrcoef(crop.ravel(), again.ravel())[0, 1] > 0.97


def test_a_face_on_its_side_or_on_its_head_gives_the_crop_that_it_gives_upright() -> None:
    check_turned(person(0))


@pytest.mark.slow
@pytest.mark.skipif(not VIDEO.is_file(), reason="the video is not beside the checkout")
@pytest.mark.parametrize("number", [4, 233, 370])
def test_a_real_face_gives_it_too(number: int) -> None:
    video = cv2.VideoCapture(str(VIDEO))
    video.set(cv2.CAP_PROP_POS_FRAMES, number)
    check_turned(cv2.cvtColor(video.read()[1], cv2.COLOR_BGR2GRAY))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_other_people_give_it_too(seed: int) -> None:
    check_turned(person(seed))


@pytest.mark.parametrize("model", ["dlib68", "dlib5"])
def test_an_upright_face_is_found_at_once_and_not_looked_for_in_turned_frames(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a turned frame was made")

    monkeypatch.setattr("raicl.preprocess.face.landmarks.turn", fail)
    for seed in range(6):
        assert find_landmarks(person(seed), model_file(model))[1] == ()
        dark = (person(seed) * 0.2).astype(np.uint8)
        assert find_landmarks(dark, model_file(model))[1] == ()


@pytest.mark.parametrize("make", [texture, hand])
def test_where_nothing_looks_like_a_face_there_is_none(make: object) -> None:
    small = cv2.resize(make(), (160, 120), interpolation=cv2.INTER_AREA)  # type: ignore[operator]
    with pytest.raises(InputError, match=r"^no face in the onset frame$") as caught:
        find_landmarks(small, model_file("dlib68"))
    assert "--align none" in caught.value.fix


def test_a_drawing_is_refused_with_its_reason_and_its_place() -> None:
    with pytest.raises(InputError, match=r"no face in the onset frame: .* as a drawing") as caught:
        find_landmarks(drawing(), model_file("dlib68"))
    assert caught.value.where.startswith("px ")
    assert caught.value.fix
