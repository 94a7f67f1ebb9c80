"""Several faces in a frame: how many there are, and one of them by its size."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.preprocess.face.detection import HOG_STAGES, detect
from raicl.preprocess.face.landmarks import Candidate, examine_all, find_landmarks


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
