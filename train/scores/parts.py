"""Parts of the face: a partition of the picture by 68 landmarks, and places of a feature map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (K, 2), x then y, px

PARTS = ("background", "brows", "eyes", "nose", "cheeks", "mouth", "chin")

# Indices of the 68 points (Sagonas et al. 2013, the 300-W markup).
_JAW, _BROWS = range(17), range(17, 27)
_EYES = (range(36, 42), range(42, 48))
_NOSE, _MOUTH = (27, *range(31, 36)), range(48, 60)
_OUTLINE = (*_JAW, *reversed(_BROWS))
_CHIN = (48, *range(59, 53, -1), *range(11, 4, -1))  # lower lip, then the jaw back to the left
REACH = 0.2  # [ours] of the distance of the eyes: how far a part reaches around its landmarks


def face_parts(landmarks: Points, points: Points) -> NDArray[np.int64]:
    """The part of the face at each point, (K,), as an index into `PARTS` [ours].

    Brows (the line through both, so with the skin between them), eyes, nose and mouth are shapes
    of landmarks. A point within `REACH` of one belongs to the nearest. Any other point inside the
    outline of jaw and brows is chin below the lower lip and cheeks elsewhere. What remains is
    background: forehead, hair, neck, the picture behind.

    Parameters
    ----------
    landmarks : the 68 points, (68, 2).
    points : (K, 2), in the same px.
    """
    shapes = {
        "brows": _to_line(points, landmarks[list(_BROWS)]),
        "eyes": np.minimum(*(_to_shape(points, landmarks[list(eye)]) for eye in _EYES)),
        "nose": _to_shape(points, landmarks[list(_NOSE)]),
        "mouth": _to_shape(points, landmarks[list(_MOUTH)]),
    }
    distances = np.stack(list(shapes.values()))  # (4, K)
    nearest = np.array([PARTS.index(name) for name in shapes])[distances.argmin(0)]
    left, right = (landmarks[list(eye)].mean(0) for eye in _EYES)
    reached = distances.min(0) <= REACH * np.linalg.norm(right - left)
    chin = _inside(points, landmarks[list(_CHIN)])
    rest = np.where(chin, PARTS.index("chin"), PARTS.index("cheeks"))
    rest = np.where(_inside(points, landmarks[list(_OUTLINE)]), rest, PARTS.index("background"))
    return np.asarray(np.where(reached, nearest, rest), np.int64)


def cell_centres(shape: tuple[int, int], size: int) -> Points:
    """Centres of the h · w cells of a map over a crop of side `size`, row by row, (h·w, 2) px.

    Pixel centres have whole numbers, so the crop reaches from -0.5 to `size` - 0.5.
    """
    height, width = shape
    across = (np.arange(width) + 0.5) / width * size - 0.5
    down = (np.arange(height) + 0.5) / height * size - 0.5
    return np.stack(np.meshgrid(across, down), -1).reshape(-1, 2)


def carry(points: Points, transform: NDArray[np.float64]) -> Points:
    """Move points (K, 2) by an affine map (2, 3), such as a shard's from raw px to crop px."""
    return np.asarray(points @ transform[:, :2].T + transform[:, 2])


def crop_mask(
    mask: NDArray[np.bool_], transform: NDArray[np.float64], size: int
) -> NDArray[np.bool_]:
    """A mask (h, w) of the raw frame in the crop, (size, size): the nearest px, outside False.

    Parameters
    ----------
    transform : (2, 3), raw px → crop px.
    """
    inverse = np.linalg.inv(np.vstack([transform, [0, 0, 1]]))[:2]
    x, y = np.rint(carry(cell_centres((size, size), size), inverse)).astype(np.int64).T
    there = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    cropped = np.zeros(size * size, np.bool_)
    cropped[there] = mask[y[there], x[there]]
    return cropped.reshape(size, size)


def _to_shape(points: Points, corners: Points) -> NDArray[np.float64]:
    """Distance of each point to a polygon, (K,), 0 inside."""
    closed = np.concatenate([corners, corners[:1]])
    return np.where(_inside(points, corners), 0.0, _to_line(points, closed))


def _to_line(points: Points, corners: Points) -> NDArray[np.float64]:
    """Distance of each point to a line through `corners`, (K,)."""
    starts, along = corners[:-1], np.diff(corners, axis=0)
    offsets = points[:, None] - starts  # (K, segments, 2)
    lengths = np.maximum(np.square(along).sum(-1), np.finfo(np.float64).tiny)
    share = np.clip((offsets * along).sum(-1) / lengths, 0, 1)
    distances = np.linalg.norm(offsets - share[..., None] * along, axis=-1)
    return np.asarray(distances.min(1))


def _inside(points: Points, corners: Points) -> NDArray[np.bool_]:
    """Whether each point is inside a polygon, (K,): a ray to the right crosses it an odd time."""
    x, y = points[:, :1], points[:, 1:]
    (x0, y0), (x1, y1) = corners.T, np.roll(corners, -1, 0).T
    spans = (y0 > y) != (y1 > y)
    rise = np.where(y1 == y0, 1.0, y1 - y0)  # a level edge spans no point
    crossings = spans & (x < x0 + (y - y0) / rise * (x1 - x0))
    return np.asarray(crossings.sum(1) % 2 == 1)
