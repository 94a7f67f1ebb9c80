"""The crop: where alignment puts the eyes and the face, for stage 1 and for pictures of it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# [ours] Centres of the eye on the picture's left and of the other, x to the right and y down, as
# shares of the way from the first px of the crop to the last. Brows to chin fit inside, with a
# small forehead margin.
EYES = ((0.32, 0.36), (0.68, 0.36))

# [ours] The face: an ellipse from brows to chin. Shares of the side.
FACE_CENTRE, FACE_RADII = (0.5, 0.55), (0.38, 0.45)


def eye_transform(eyes: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Similarity (2, 3) that takes the eye centres `eyes` (2, 2) px to their canonical places.

    The result maps raw px to px of a crop of side `size`.
    """
    source, target = eyes, np.array(EYES) * (size - 1)
    from_vector, to_vector = source[1] - source[0], target[1] - target[0]
    turn = complex(*to_vector) / complex(*from_vector)
    matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([matrix, target.mean(axis=0) - matrix @ source.mean(axis=0)])


@lru_cache(maxsize=4)
def face_mask(side: int) -> NDArray[np.bool_]:
    """Mask (S, S) of the face in a crop, which is not to be written to."""
    down, across = np.mgrid[:side, :side] / (side - 1)
    x, y = (across - FACE_CENTRE[0]) / FACE_RADII[0], (down - FACE_CENTRE[1]) / FACE_RADII[1]
    mask = np.asarray(x**2 + y**2 < 1)
    mask.setflags(write=False)
    return mask
