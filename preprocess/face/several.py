"""Several faces in a frame: how many there are, and one of them by its size or its motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.preprocess.face.detection import HOG_STAGES, detect, detect_smaller, is_rival
from raicl.preprocess.face.landmarks import Candidate, examine_all, find_landmarks, find_largest
from raicl.preprocess.face.models import Box
from raicl.preprocess.opencv import opencv

# [ours] A face whose motion is below is as still as its background; of one that moves less than
# _LIVELY times as much as another, nobody knows which of them is alive.
_STILL, _LIVELY = 3.0, 2.0
_SMOOTH = 1 / 40  # share of the box's side: motion changes more than single pixels, noise does not
_OVERLAP = 0.3  # intersection over union; boxes that overlap more are of one face


@dataclass(frozen=True)
class Chosen:
    """One of the faces of a frame.

    Attributes
    ----------
    points : landmarks (K, 2) px.
    flags : how it was found.
    faces : number of faces that were seen.
    by_motion : whether it is not the largest of them.
    """

    points: NDArray[np.float32]
    flags: tuple[str, ...]
    faces: int
    by_motion: bool


def choose_face(
    image: NDArray[np.uint8], model: Path, later: Callable[[], Sequence[NDArray[np.uint8]]]
) -> Chosen:
    """The largest face, or the largest that moves if that one is as still as a picture.

    Parameters
    ----------
    image : (h, w) uint8.
    model : a dlib shape predictor.
    later : gives some later frames of the clip. It is asked if there are several faces.

    Raises
    ------
    InputError : there is no face.
    SetupError : dlib or the model cannot be loaded.
    """
    first = find_largest(image, model)
    faces = [first, *find_beside(image, first, model)]
    if len(faces) == 1:
        return Chosen(first.points, first.flags, 1, by_motion=False)
    chosen = prefer_moving(image, faces, later())
    by_motion = chosen is not first
    said = ("several-faces", *(["face-by-motion"] if by_motion else []))
    flags = (*(flag for flag in chosen.flags if flag not in said), *said)
    return Chosen(chosen.points, flags, len(faces), by_motion)


def prefer_moving(
    image: NDArray[np.uint8], faces: Sequence[Candidate], frames: Sequence[NDArray[np.uint8]]
) -> Candidate:
    """The first of the faces, or the largest that moves until later frames if that one is still."""
    first, *lively = (liveliness(image, frames, face.box) for face in faces)
    if first >= _STILL:
        return faces[0]
    enough = max(_STILL, _LIVELY * first)
    moving = [face for face, way in zip(faces[1:], lively, strict=True) if way >= enough]
    return max(moving, key=lambda face: face.box.area, default=faces[0])


def find_beside(image: NDArray[np.uint8], first: Candidate, model: Path) -> list[Candidate]:
    """Faces beside the largest one, if that was found in the upright frame."""
    if "face-rotated" in first.flags:
        return []
    boxes = list(first.rivals)
    if not any(flag.startswith("face-") for flag in first.flags):
        best = max(first.box.score, *(box.score for box in boxes), 0.0)
        boxes += [b for b in detect_smaller(image, first.box) if is_rival(b, best)]
    faces = [first]
    for box in sorted(boxes, key=lambda box: -box.area):
        if any(_overlap(box, face.box) > _OVERLAP for face in faces):
            continue
        found = next(examine_all(image, [box], model, ""))
        if not found.problem:
            faces.append(found)
    return faces[1:]


def liveliness(onset: NDArray[np.uint8], frames: Sequence[NDArray[np.uint8]], box: Box) -> float:
    """How much more a box changes from the onset on than the camera's noise alone would change it.

    Differences are smoothed, which leaves a share of the noise that is known, and nearly all of
    what moves. The noise is taken from what the smoothing took away.

    Returns
    -------
    The largest over the frames: 1 for white noise, much more where a face moves. Where nothing
    changes at all it is 0.
    """
    cv2 = opencv()
    rows = slice(max(box.top, 0), max(box.bottom, 0))
    columns = slice(max(box.left, 0), max(box.right, 0))
    before = onset[rows, columns].astype(np.float32)
    sigma = max(_SMOOTH * (box.right - box.left), 1.5)
    left = 1 / (2 * np.sqrt(np.pi) * sigma)  # share of white noise that such a Gaussian leaves
    found = [0.0]
    for frame in frames:
        now = frame[rows, columns].astype(np.float32)
        change = now * (before.mean() / max(float(now.mean()), 1.0)) - before
        smooth = cv2.GaussianBlur(change, (0, 0), sigma)
        noise = float((change - smooth).std())
        found.append(float(smooth.std()) / (left * noise) if noise > 0 else 0.0)
    return max(found)


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    common = max(width, 0) * max(height, 0)
    return common / max(one.area + other.area - common, 1)


def find_face(
    image: NDArray[np.uint8], model: Path, face: int
) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Landmarks of one face, and flags that say how it was found.

    Parameters
    ----------
    image : (h, w) uint8.
    model : a dlib shape predictor.
    face : which one, by size. 1 is the largest and is found as `find_landmarks` says. The others
        are looked for in the upright frame alone.

    Raises
    ------
    InputError : there is no such face.
    SetupError : dlib or the model cannot be loaded.
    """
    if face == 1:
        return find_landmarks(image, model)
    faces = list_faces(image, model, least=face)
    if len(faces) < face:
        raise InputError(
            f"no face {face} in the onset frame, where {len(faces)} can be seen",
            fix="give a smaller --face; 1 is the largest",
        )
    return faces[face - 1].points, faces[face - 1].flags


def list_faces(
    image: NDArray[np.uint8], model: Path, *, least: int = 1, stages: int = HOG_STAGES
) -> list[Candidate]:
    """The faces of the upright frame, the largest first.

    Parameters
    ----------
    least : detectors are tried until one finds as many. The one that finds most is taken if none
        does.
    stages : number of detectors to try; the later ones are slower.
    """
    best: list[Candidate] = []
    for step, boxes in islice(detect(image), stages):
        faces = [found for found in examine_all(image, boxes, model, step) if not found.problem]
        best = max(best, faces, key=len)
        if len(best) >= least:
            break
    return best
