"""Remove the head's own motion from the flow: a similarity that the rigid landmarks agree on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PATCH = 1 / 56  # [ours] half side of a landmark's patch over the crop's side: 4 px of 225
_INLIER = 2.5  # standard deviations; Rousseeuw and Leroy (1987), ch. 5
_LEAST_SPREAD = 0.02  # px; smaller differences between landmarks do not count
_GAIN = 3.0  # see `fit_similarity`


def remove_head_motion(
    flow: NDArray[np.float32], points: NDArray[np.float64], margin: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Undo the similarity by which the rigid landmarks move, frame by frame.

    The head moves a point x by S after the face has moved it by f: x + flow = S(x + f), so that
    f = S⁻¹(x + flow) − x. Undoing a translation or a rotation does not change the strain.

    Parameters
    ----------
    flow : (N, 2, S + 2·margin, S + 2·margin) px.
    points : (K, 2) rigid landmarks on the onset, px of the crop without its margin.

    Returns
    -------
    flow : flow of the face without the head, in the same shape.
    similarities : (N, 2, 3), px of the crop on the onset → px of the crop on frame n.
    """
    side = flow.shape[-1]
    row, column = np.mgrid[:side, :side] - float(margin)
    grid = np.stack([column, row])
    face, similarities = np.empty_like(flow), head_similarities(flow, points, margin)
    for n, (field, similarity) in enumerate(zip(flow, similarities, strict=True)):
        matrix, shift = np.linalg.inv(similarity[:, :2]), similarity[:, 2]
        carried = grid + field - shift[:, None, None]
        face[n] = np.einsum("ij,jyx->iyx", matrix, carried) - grid
    return face, similarities


def with_head(flow: NDArray[np.float32], similarity: NDArray[np.float64]) -> NDArray[np.float32]:
    """The flow (2, S, S) of a face on a head that moves by `similarity` (2, 3), px of the crop."""
    side = flow.shape[-1]
    row, column = np.mgrid[:side, :side].astype(np.float64)
    grid = np.stack([column, row])
    moved = np.einsum("ij,jyx->iyx", similarity[:, :2], grid + flow)
    return np.asarray(moved + similarity[:, 2, None, None] - grid, np.float32)


def head_similarities(
    flow: NDArray[np.float32], points: NDArray[np.float64], margin: int
) -> NDArray[np.float64]:
    """The similarities (N, 2, 3) by which the rigid landmarks move; see `remove_head_motion`."""
    side = flow.shape[-1]
    reach = max(1, round(_PATCH * (side - 2 * margin)))
    # whole px, where the flow is known
    centres = np.rint(points + margin).astype(int).clip(reach, side - 1 - reach)
    similarities = np.empty((len(flow), 2, 3))
    for similarity, field in zip(similarities, flow, strict=True):
        moved = centres + _flow_at(field, centres, reach)
        similarity[:] = fit_similarity(centres - float(margin), moved - margin)
    return similarities


def fit_similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit the similarity (2, 3) that takes most of `source` (K, 2) to `target`.

    Least median of squares chooses among the translations of every point and the similarities
    through every two points, without random draws. Least squares over the points that fit the best
    candidate follows. Up to half of the points, less one, may be outliers.

    [ours] A rotation and a scale are believed only if their residual is less than a third of that
    of a translation. Blinks and brows move the landmarks too, and a rotation that they feign is
    several times as large at the border of the crop.
    """
    here, there = source @ (1, 1j), target @ (1, 1j)  # z → turn·z + shift
    first, second = np.triu_indices(len(source), 1)
    apart = here[second] != here[first]
    first, second = first[apart], second[apart]
    turn = (there[second] - there[first]) / (here[second] - here[first])
    turned = np.abs(turn[:, None] * (here - here[first][:, None]) + (there[first][:, None] - there))
    moves = there - here
    shifted = np.abs(moves[:, None] - moves)
    (similar, residuals), (least, plain) = (_least_median(found) for found in (turned, shifted))
    if least <= _GAIN * max(similar, _LEAST_SPREAD):
        move = moves[_fitting(plain, least, 1)].mean()
        return np.array([[1, 0, move.real], [0, 1, move.imag]])
    fits = _fitting(residuals, similar, 2)
    here, there = here[fits], there[fits]
    offsets = here - here.mean()
    best = np.vdot(offsets, there - there.mean()) / np.vdot(offsets, offsets)
    rest = there.mean() - best * here.mean()
    return np.array([[best.real, -best.imag, rest.real], [best.imag, best.real, rest.imag]])


def _least_median(residuals: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """The smallest median of M candidates' residuals (M, K), and that candidate's residuals."""
    medians = np.median(residuals, axis=1)
    best = int(medians.argmin())
    return float(medians[best]), residuals[best]


def _fitting(residuals: NDArray[np.float64], median: float, points: int) -> NDArray[np.bool_]:
    """Which of the K landmarks fit a candidate that is defined by this number of `points`."""
    # 1.4826 makes the median a standard deviation; the rest corrects for few landmarks
    spread = 1.4826 * (1 + 5 / (len(residuals) - points)) * median
    return residuals <= _INLIER * max(spread, _LEAST_SPREAD)


def _flow_at(
    field: NDArray[np.float32], centres: NDArray[np.int_], reach: int
) -> NDArray[np.float64]:
    """Median flow (K, 2) of the pixels up to `reach` px from each of `centres`."""
    patches = [
        field[:, row - reach : row + reach + 1, column - reach : column + reach + 1]
        for column, row in centres
    ]
    return np.median(patches, axis=(2, 3)).astype(np.float64)
