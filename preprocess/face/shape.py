"""The shape of a face in landmarks: which point is what, and where each one is on average."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError

Part = TypeVar("Part")
Points = NDArray[np.float32] | NDArray[np.float64]

# The eye on the picture's left of an upright face first. dlib's five points begin with the other.
_EYES = {68: (slice(36, 42), slice(42, 48)), 5: (slice(2, 4), slice(0, 2))}
_RIGID = {68: [27, 28, 29, 30, 36, 39, 42, 45], 5: [0, 1, 2, 3, 4]}
# The tip of the nose. Of five points, its base stands for it.
_NOSE = {68: 30, 5: 4}
MOUTH = {68: slice(48, 68), 5: slice(4, 5)}  # of five points, the base of the nose stands for it

# [ours] The mean of two means, made symmetric: of dlib's landmarks on 150 synthetic people and on
# 94 of the 100 real faces in scikit-image's sample of LFW (Procrustes; dlib finds no face in six).
# The middle of the eyes is 0 and their distance 1; x to the right, y down. A test finds it again.
MEAN_SHAPES = {
    68: np.array([
        (-1.12, 0.06), (-1.1, 0.35), (-1.07, 0.64), (-1.02, 0.93), (-0.92, 1.2), (-0.75, 1.44),
        (-0.53, 1.63), (-0.28, 1.79), (0, 1.84), (0.28, 1.79), (0.53, 1.63), (0.75, 1.44),
        (0.92, 1.2), (1.02, 0.93), (1.07, 0.64), (1.1, 0.35), (1.12, 0.06),  # jaw
        (-0.92, -0.17), (-0.78, -0.3), (-0.59, -0.34), (-0.39, -0.32), (-0.2, -0.24),
        (0.2, -0.24), (0.39, -0.32), (0.59, -0.34), (0.78, -0.3), (0.92, -0.17),  # brows
        (0, -0.02), (0, 0.17), (0, 0.36), (0, 0.56),
        (-0.23, 0.68), (-0.12, 0.72), (0, 0.75), (0.12, 0.72), (0.23, 0.68),  # nose
        (-0.69, 0), (-0.57, -0.07), (-0.43, -0.07), (-0.29, 0.03), (-0.43, 0.05), (-0.58, 0.05),
        (0.29, 0.03), (0.43, -0.07), (0.57, -0.07), (0.69, 0), (0.58, 0.05), (0.43, 0.05),  # eyes
        (-0.48, 1), (-0.31, 0.94), (-0.13, 0.91), (0, 0.93), (0.13, 0.91), (0.31, 0.94), (0.48, 1),
        (0.32, 1.19), (0.14, 1.27), (0, 1.28), (-0.14, 1.27), (-0.32, 1.19),  # outer lips
        (-0.41, 1.01), (-0.13, 1), (0, 1.01), (0.13, 1), (0.41, 1.01),
        (0.13, 1.14), (0, 1.15), (-0.13, 1.14),  # inner lips
    ]),
    5: np.array([(0.7, -0.01), (0.3, 0.01), (-0.7, -0.01), (-0.3, 0.01), (0, 0.75)]),
}  # fmt: skip


def eye_centres(points: Points) -> NDArray[np.float64]:
    """Centres of the two eyes, (2, 2) px; first the one on the picture's left of an upright face.

    Raises
    ------
    InputError : there are neither 68 nor 5 points.
    """
    groups = [points[part] for part in _known(points, _EYES)]
    return np.array([group.mean(axis=0) for group in groups], np.float64)


def turn(points: Points) -> float:
    """How far the nose is beside the middle of the eyes, along the line through them.

    Returns
    -------
    In distances between the eyes; positive on the side of the second eye.

    Raises
    ------
    InputError : there are neither 68 nor 5 points.
    """
    left, right = eye_centres(points) @ (1, 1j)
    nose = points[_known(points, _NOSE)] @ (1, 1j)
    return float(((nose - (left + right) / 2) / (right - left)).real)


def rigid_landmarks(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Landmarks (K, 2) px that move with the skull more than with the face.

    Of 68 points, these are the bridge of the nose and the corners of the eyes. Of 5 points, they
    are all: the base of the nose and the corners of the eyes.

    Raises
    ------
    InputError : there are neither 68 nor 5 points.
    """
    return points[_known(points, _RIGID)].astype(np.float64)


def _known(points: Points, parts: dict[int, Part]) -> Part:
    if len(points) in parts:
        return parts[len(points)]
    raise InputError(
        f"the landmark model gives {len(points)} points, not 68 or 5",
        fix="give --landmarks dlib68, dlib5 or another predictor of these kinds",
    )
