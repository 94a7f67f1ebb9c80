"""Of several faces the largest is taken, unless it is a picture on the wall."""

from functools import cache

import cv2
import numpy as np
import pytest

from raicl.preprocess import process_frames
from raicl.preprocess.face.detection import detect, detect_smaller
from raicl.preprocess.face.models import Box, model_file
from raicl.preprocess.face.several import choose_face, liveliness
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.disturbed import grey, noise, shifted
from tests.preprocess.face.pictures import person

MODEL = model_file("dlib68")
SPLIT = 1000  # px from the left, where the poster ends and the live person begins


@cache
def portrait(seed: int, size: tuple[int, int]) -> np.ndarray:
    return person(seed, size=size).astype(np.float32)


def speaking(face: np.ndarray, px: float) -> np.ndarray:
    """The mouth and what is around it moved down."""
    row, column = np.mgrid[: face.shape[0], : face.shape[1]].astype(np.float32)
    down, across = row / len(face) - 0.66, (column - face.shape[1] / 2) / len(face)
    bump = np.exp(-(down**2 + across**2) / (2 * 0.06**2)).astype(np.float32)
    return cv2.remap(face, column, row - np.float32(px) * bump, cv2.INTER_CUBIC)


def room(
    number: int,
    *,
    poster: float = 0.0,
    live: float = 0.0,
    speaks: float = 0.0,
    jpeg: int | None = None,
) -> np.ndarray:
    """A frame of 1920x1080: a large face on the left, a smaller one on the right.

    They have moved right by `poster` and `live` px per frame. The smaller one `speaks`.
    """
    frame = np.full((1080, 1920), 120, np.float32)
    frame[100:720, 100:900] = shifted(portrait(1, (800, 620)), poster * number, 0)
    frame[500:890, 1100:1620] = shifted(
        speaking(portrait(2, (520, 390)), speaks * number), live * number, 0
    )
    seen = grey(frame + noise(frame.shape, number, 1.5))
    if jpeg is None:
        return seen
    _, content = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, jpeg])
    return cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)


def is_live(points: np.ndarray) -> bool:
    return bool(points[:, 0].min() > SPLIT)


@pytest.fixture(scope="module")
def onset() -> np.ndarray:
    return room(0)


def test_a_small_copy_shows_the_poster_alone_and_a_larger_one_the_person_too(
    onset: np.ndarray,
) -> None:
    _, [poster] = next(detect(onset))
    assert poster.right < SPLIT
    beside = [box for box in detect_smaller(onset, poster) if box.left > SPLIT]
    assert len(beside) == 1


@pytest.mark.promise("input 37")
@pytest.mark.parametrize(
    ("poster", "live", "jpeg", "taken"),
    [
        (0.0, 0.3, None, True),
        (0.0, 0.3, 90, True),
        (0.0, 0.0, None, False),  # nobody moves: by size, as ever
        (0.3, 0.3, None, False),  # both do, or the camera
        (0.2, 2.0, None, False),  # the larger one is alive, whatever the other does
    ],
)
def test_a_person_who_moves_wins_over_a_larger_face_that_is_still(
    poster: float, live: float, jpeg: int | None, taken: bool
) -> None:
    frames = [room(number, poster=poster, live=live, jpeg=jpeg) for number in range(3)]
    found = choose_face(frames[0], MODEL, lambda: frames[1:])
    assert is_live(found.points) == found.by_motion == taken
    assert found.faces == 2
    assert found.flags == ("several-faces", *(["face-by-motion"] if taken else []))


def test_a_single_face_asks_for_no_other_frame_and_has_no_flag() -> None:
    def never() -> list[np.ndarray]:
        raise AssertionError("later frames of a single face")

    for frame in (person(2, size=(640, 480)), person(2, size=(1280, 500))):
        found = choose_face(frame, MODEL, never)
        assert (found.faces, found.by_motion, found.flags) == (1, False, ())


@pytest.mark.promise("input 37")
def test_the_clip_says_how_many_faces_there_are_and_has_a_name_of_its_own() -> None:
    frames = [room(number, live=0.3) for number in range(3)]
    settings = PrepSettings(flow="dis", n_frames=2)
    clip = process_frames(frames, settings=settings)
    quality = clip.record.quality
    assert quality is not None
    assert quality.faces == 2
    assert clip.flags == ("several-faces", "face-by-motion")
    assert quality.eye_distance is not None
    assert quality.eye_distance < 110  # of the poster it is above 120
    assert clip.record.shard.startswith(clip.shard.base[:24])


def test_liveliness_is_one_of_noise_and_grows_with_motion() -> None:
    face = person(3, size=(640, 480)).astype(np.float32)
    box = Box(200, 120, 440, 360, 1.0)
    onset = grey(face + noise(face.shape, 0))
    still, swaying = (
        liveliness(onset, [grey(shifted(face, px, 0) + noise(face.shape, 1))], box)
        for px in (0.0, 0.3)
    )
    assert still == pytest.approx(1, abs=0.5)
    assert swaying > 5
    assert liveliness(onset, [onset], box) == 0
    assert liveliness(onset, [grey(1.05 * onset.astype(np.float32))], box) < 3  # flicker is none
