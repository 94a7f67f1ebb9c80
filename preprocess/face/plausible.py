"""Is it a face? A shape predictor puts the landmarks of a face into whatever it is given.

So a false box, or the box of a face that lies on its side, gives landmarks that look like a face
and are nonsense. Of what can be asked of them, one thing tells: landmarks of a face stay where they
are when the box is moved a little, and the others move along. The bounds below were measured (see
docs/method.md 1.1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raicl.preprocess.face.shape import MEAN_SHAPES, MOUTH, eye_centres
from raicl.preprocess.opencv import opencv

# How far the box is moved, shares of its side (right, down), and how much it grows. The first two
# tell faces from all else nearly alone; the others are looked at where these do not agree.
QUICK_MOVES = ((0.05, 0.0, 1.0), (-0.05, 0.0, 1.0))
MOVES = (
    *QUICK_MOVES,
    *((0.0, 0.05, 1.0), (0.0, -0.05, 1.0)),
    *((0.1, 0.0, 1.0), (-0.1, 0.0, 1.0), (0.0, 0.1, 1.0), (0.0, -0.1, 1.0)),
    *((0.06, 0.06, 1.0), (-0.06, 0.06, 1.0), (0.06, -0.06, 1.0), (-0.06, -0.06, 1.0)),
    *((0.0, 0.0, 0.85), (0.0, 0.0, 0.92), (0.0, 0.0, 1.08), (0.0, 0.0, 1.15)),
)

# Lengths are shares of the distance between the eyes.
STEADY = 0.025  # eyes that move less than this are those of a face
UNSTEADY = 0.15  # eyes that move more than this are those of none
_MOST_RESIDUAL = {68: 0.35, 5: 0.2}  # root mean square; of usable faces at most 0.28 and 0.11
_LEAST_FALL = {68: 0.4, 5: 0.2}  # of mouth, or base of the nose, below the eyes; at least 0.8, 0.5
_MOST_ROLL = 45.0  # degrees; a frame turned by a quarter shows a face more upright than that
_LEAST_SHADING = 0.02  # see `shading`; of photographs at least 0.09, of line drawings 0.01

_PATCH = 40  # px between the eyes when the shading is measured
_SMOOTH = 11  # px, side of the median that takes lines away and leaves shades


def shape_problem(points: NDArray[np.float32]) -> str:
    """Why landmarks (K, 2) px cannot be those of an upright face, or empty.

    Raises
    ------
    InputError : there are neither 68 nor 5 points.
    """
    left, right = eye_centres(points) @ (1, 1j)
    distance = abs(right - left)
    if distance < 1:
        return "its eyes are in one place"
    roll = float(np.degrees(np.angle(right - left)))
    if abs(roll) > _MOST_ROLL:
        return f"it is tilted by {abs(roll):.0f} degrees"
    upright = (points @ (1, 1j) - (left + right) / 2) / (right - left)
    count = len(points)
    if upright[MOUTH[count]].imag.mean() < _LEAST_FALL[count]:
        return "its eyes are not above its mouth"
    residual = shape_residual(points)
    if residual > _MOST_RESIDUAL[count]:
        return f"its landmarks are {residual:.2f} eye distances from the shape of a face"
    return ""


def shape_residual(points: NDArray[np.float32]) -> float:
    """Root mean square distance of landmarks from the mean shape after the best similarity.

    Returns
    -------
    In distances between the eyes of the fitted mean shape.
    """
    mean, found = MEAN_SHAPES[len(points)] @ (1, 1j), points @ (1, 1j)
    mean, found = mean - mean.mean(), found - found.mean()
    fitted = np.vdot(mean, found) / np.vdot(mean, mean)
    return float(np.sqrt(np.mean(np.abs(found - fitted * mean) ** 2)) / max(abs(fitted), 1e-9))


def eye_moves(
    points: NDArray[np.float32], others: Sequence[NDArray[np.float32]]
) -> NDArray[np.float64]:
    """How far the eyes of `others` are from those of `points`, the farther one of each.

    Returns
    -------
    (len(others),), in distances between the eyes of `points`.
    """
    eyes = eye_centres(points)
    distance = max(float(np.hypot(*(eyes[1] - eyes[0]))), 1.0)
    moves = [np.hypot(*(eye_centres(other) - eyes).T).max() for other in others]
    return np.array(moves) / distance


def shading(image: NDArray[np.uint8], points: NDArray[np.float32]) -> float:
    """How much the face between forehead and chin has shades, and not lines alone.

    The interquartile range of its grey levels after a median has taken lines away, over their
    range (98th to 2nd percentile) before. A line drawing and a face without any light and shadow
    are nearly flat between their lines.

    Parameters
    ----------
    image : (h, w) uint8.
    points : landmarks, px of `image`.
    """
    cv2 = opencv()
    eyes = eye_centres(points)
    distance = float(np.hypot(*(eyes[1] - eyes[0])))
    x, y = eyes.mean(axis=0)
    height, width = image.shape
    reach = 1.8 * distance  # in any direction, because the face may be tilted
    rows = slice(max(round(y - reach), 0), min(round(y + reach) + 1, height))
    columns = slice(max(round(x - reach), 0), min(round(x + reach) + 1, width))
    patch = image[rows, columns]
    if min(patch.shape) < 2:
        return 0.0
    scale = _PATCH / distance
    size = [max(round(side * scale), 2) for side in patch.shape[::-1]]
    patch = cv2.resize(patch, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    smooth = cv2.medianBlur(patch, _SMOOTH)
    down, across = np.mgrid[: patch.shape[0], : patch.shape[1]] / scale
    left_eye, right_eye = eyes @ (1, 1j)
    away = across + columns.start - x + 1j * (down + rows.start - y)
    place = away / (right_eye - left_eye)  # as in the mean shapes
    inside = (place.real / 0.95) ** 2 + ((place.imag - 0.5) / 1.2) ** 2 < 1
    if not inside.any():
        return 0.0
    low, high = np.percentile(patch[inside], (2, 98))
    first, third = np.percentile(smooth[inside], (25, 75))
    return float((third - first) / max(high - low, 1.0))


def drawing_problem(image: NDArray[np.uint8], points: NDArray[np.float32]) -> str:
    """Why the picture cannot be one of a face, or empty (see `shading`)."""
    if shading(image, points) < _LEAST_SHADING:
        return "it has lines and no shades, as a drawing or an overexposed face"
    return ""
