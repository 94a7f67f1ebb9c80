"""Location: where the face of a clip is, and the similarity that brings it into the crop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raicl.common.crop import eye_transform
from raicl.preprocess.face.align import carry, fit_transform
from raicl.preprocess.face.models import model_file
from raicl.preprocess.face.several import choose_face, find_face
from raicl.preprocess.face.shape import eye_centres, rigid_landmarks
from raicl.preprocess.settings import PrepSettings


@dataclass(frozen=True, kw_only=True)
class Location:
    """Where the face is.

    Attributes
    ----------
    transform : similarity (2, 3) of the clip, raw px → crop px.
    eyes : (2, 2) eye centres, raw px; (0, 2) without landmarks.
    landmarks : (K, 2) all of them, crop px; K is 0 without landmarks.
    rigid : those that move with the skull, crop px.
    flags : how the face was found.
    faces : number of faces that were seen in the frame; None if nobody counted.
    by_motion : whether it is not the largest of them, which is still.
    """

    transform: NDArray[np.float64]
    eyes: NDArray[np.float64]
    landmarks: NDArray[np.float64]
    rigid: NDArray[np.float64]
    flags: tuple[str, ...]
    faces: int | None = None
    by_motion: bool = False


def locate_face(
    onset: NDArray[np.uint8],
    settings: PrepSettings,
    *,
    face: int = 1,
    later: Callable[[], Sequence[NDArray[np.uint8]]] = list,
) -> Location:
    """Find the face on the onset.

    Parameters
    ----------
    face : which one, by size from 1; see `find_face`.
    later : gives some later frames of the clip, if there are several faces.

    Raises
    ------
    InputError : there is no such face, or what was found is none.
    """
    if settings.align == "none":
        height, width = onset.shape
        transform, nothing = fit_transform((height, width), settings.size), np.empty((0, 2))
        return Location(
            transform=transform, eyes=nothing, landmarks=nothing, rigid=nothing, flags=()
        )
    model = model_file(settings.landmarks)
    if face != 1:
        points, flags = find_face(onset, model, face)
        return at_landmarks(points, flags, settings)
    found = choose_face(onset, model, later)
    place = at_landmarks(found.points, found.flags, settings)
    return replace(place, faces=found.faces, by_motion=found.by_motion)


def at_landmarks(
    points: NDArray[np.float32], flags: tuple[str, ...], settings: PrepSettings
) -> Location:
    """The location of a face with the landmarks `points` (K, 2), raw px."""
    eyes = eye_centres(points)
    transform = eye_transform(eyes, settings.size)
    return Location(
        transform=transform,
        eyes=eyes,
        landmarks=carry(points.astype(np.float64), transform),
        rigid=carry(rigid_landmarks(points), transform),
        flags=flags,
    )
