"""Clips of synthetic people, and copies of them in which something went wrong."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from raicl.data.database import read_database
from raicl.data.synthetic.course import Course
from raicl.data.synthetic.database import make_database
from raicl.data.synthetic.difficulty import DIFFICULTIES
from raicl.preprocess.face.landmarks import find_landmarks
from raicl.preprocess.face.models import model_file
from raicl.preprocess.face.shape import eye_centres
from raicl.preprocess.frames import decode_grey, read_frame
from raicl.preprocess.sampling import sample_footage
from raicl.preprocess.settings import PrepSettings

Frames = list[np.ndarray]
EYES = 0.36 * 224  # px between the eyes in a crop of 225


def synthetic_clips(
    folder: Path,
    *,
    seed: int,
    difficulty: str,
    course: Course = "symmetric",
    subjects: int,
    clips: int,
    settings: PrepSettings,
) -> Iterator[Frames]:
    """The sampled frames of each clip, grey (h, w), the onset first."""
    make_database(
        folder,
        subjects=subjects,
        clips=clips,
        seed=seed,
        difficulty=DIFFICULTIES[difficulty],
        course=course,
    )
    for item in read_database("casme2", root=folder).footage:
        wanted = (0, *sample_footage(item, settings).indices)
        yield [decode_grey(read_frame(item.frames[index])) for index in wanted]


def eyes_of(frames: Frames) -> np.ndarray:
    """(2, 2) px on the onset."""
    return eye_centres(find_landmarks(frames[0], model_file("dlib68"))[0])


def noise(shape: tuple[int, ...], seed: int, grey: float = 1.2) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, grey, shape)


def grey(image: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def shifted(image: np.ndarray, px: float, angle: float = 0.3) -> np.ndarray:
    move = np.array([[1, 0, px * np.cos(angle)], [0, 1, px * np.sin(angle)]])
    return cv2.warpAffine(
        image, move, image.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )


def texture(shape: tuple[int, ...]) -> np.ndarray:
    """A scene without a face."""
    blobs = cv2.GaussianBlur(noise(shape, 0), (0, 0), 6)
    return 128 + 45 * blobs / blobs.std()


def cut_to(scene: Frames, at: int) -> Callable[[Frames], Frames]:
    """From frame `at` on the clip shows `scene`."""
    return lambda frames: [*frames[:at], *(scene[n % len(scene)] for n in range(at, len(frames)))]


def without_face(frames: Frames, at: int) -> Frames:
    """From frame `at` on the clip shows no face."""
    scene = texture(frames[0].shape)
    rest = [grey(scene + noise(scene.shape, number)) for number in range(len(frames) - at)]
    return [*frames[:at], *rest]


def darkened(frames: Frames, at: int) -> Frames:
    """From frame `at` on the clip is black, but for the noise."""
    rest = [grey(8 + noise(frames[0].shape, number)) for number in range(len(frames) - at)]
    return [*frames[:at], *rest]


def frozen(frames: Frames, count: int) -> Frames:
    """The last `count` frames repeat the one before them."""
    return [*frames[:-count], *[frames[-count - 1]] * count]


def blurred_onset(frames: Frames, sigma: float) -> Frames:
    """The onset is out of focus."""
    return [cv2.GaussianBlur(frames[0], (0, 0), sigma), *frames[1:]]


def moved(frames: Frames, px: float, eyes: np.ndarray) -> Frames:
    """From the second half on the camera has moved by `px` of a crop of 225."""
    way, half = px * np.hypot(*(eyes[1] - eyes[0])) / EYES, (len(frames) + 1) // 2
    return [*frames[:half], *(shifted(frame, way) for frame in frames[half:])]


def still_face(onset: np.ndarray, px: float, eyes: np.ndarray, *, count: int) -> Frames:
    """The onset again and again, with other noise, moved step by step up to `px` as in `moved`."""
    way = px * np.hypot(*(eyes[1] - eyes[0])) / EYES
    return [onset] + [
        grey(shifted(onset.astype(np.float32), way * n / count) + noise(onset.shape, n))
        for n in range(1, count + 1)
    ]


def interlaced(frames: Frames, px: float) -> Frames:
    """Every other line is from a time at which the picture was `px` of the frame farther."""
    found = [frames[0]]
    for frame in frames[1:]:
        woven = frame.copy()
        woven[::2] = shifted(frame, px, 0.0)[::2]
        found.append(woven)
    return found


def covered(
    frames: Frames, width: float, eyes: np.ndarray, *, light: float | None = None
) -> Frames:
    """From the second half on an ellipse lies over the mouth, `width` eye distances wide.

    Its grey level is that of the cheeks if `light` is None.
    """
    distance, half = float(np.hypot(*(eyes[1] - eyes[0]))), (len(frames) + 1) // 2
    x, y = eyes.mean(0) + np.array([0, 1.1 * distance])
    rows = slice(round(y - 0.3 * distance), round(y))
    columns = slice(round(x - distance / 2), round(x + distance / 2))
    axes = (round(width * distance / 2), round(0.3 * width * distance))
    found = frames[:half]
    for number, frame in enumerate(frames[half:]):
        mask = np.zeros(frame.shape, np.uint8)
        cv2.ellipse(mask, (round(x), round(y)), axes, 0, 0, 360, 1, -1)
        level = float(np.median(frame[rows, columns])) if light is None else light
        found.append(np.where(mask, grey(level + noise(frame.shape, number)), frame))
    return found
