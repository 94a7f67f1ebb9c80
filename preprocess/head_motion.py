"""The head's own motion, taken out of the flow: a similarity that the rigid landmarks agree on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PATCH = 1 / 56  # [ours] half side of a landmark's patch over the crop's side: 4 px of 225
_INLIER = 2.5  # standard deviations; Rousseeuw and Leroy (1987), ch. 5
_LEAST_SPREAD = 0.02  # px; landmarks that agree better than this are all kept


def remove_head_motion(
    flow: NDArray[np.float32], points: NDArray[np.float64], margin: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Undo, frame by frame, the similarity by which the rigid landmarks move.

    The head moves a point x by S after the face has moved it by f: x + flow = S(x + f), so that
    f = S⁻¹(x + flow) − x. Translation and rotation leave the strain of f as it was.

    Parameters
    ----------
    flow : (N, 2, S + 2·margin, S + 2·margin) px.
    points : (K, 2) rigid landmarks on the onset, px of the crop without its margin.

    Returns
    -------
    flow : of the face alone, the same shape.
    similarities : (N, 2, 3), px of the crop on the onset → px of the crop on frame n.
    """
    side = flow.shape[-1]
    row, column = np.mgrid[:side, :side] - float(margin)
    grid = np.stack([column, row])
    reach = max(1, round(_PATCH * (side - 2 * margin)))
    # whole px, where the flow is known
    centres = np.rint(points + margin).astype(int).clip(reach, side - 1 - reach)
    face, similarities = np.empty_like(flow), np.empty((len(flow), 2, 3))
    for n, field in enumerate(flow):
        moved = centres + _flow_at(field, centres, reach)
        similarity = fit_similarity(centres - float(margin), moved - margin)
        matrix, shift = np.linalg.inv(similarity[:, :2]), similarity[:, 2]
        carried = grid + field - shift[:, None, None]
        face[n] = np.einsum("ij,jyx->iyx", matrix, carried) - grid
        similarities[n] = similarity
    return face, similarities


def fit_similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The similarity (2, 3) that takes most of `source` (K, 2) to `target`, however the rest moves.

    Least median of squares over the similarities through every two points, without a random draw,
    then least squares over the points that fit it. Up to half of the points, less one, may lie
    anywhere.
    """
    here, there = source @ (1, 1j), target @ (1, 1j)  # z → turn·z + shift
    first, second = np.triu_indices(len(source), 1)
    apart = here[second] != here[first]
    first, second = first[apart], second[apart]
    turn = (there[second] - there[first]) / (here[second] - here[first])
    shift = there[first] - turn * here[first]
    residuals = np.abs(turn[:, None] * here + shift[:, None] - there)  # (pairs, K)
    medians = np.median(residuals, axis=1)
    best = int(medians.argmin())
    # 1.4826 makes the median a standard deviation; the rest corrects for few points
    spread = 1.4826 * (1 + 5 / max(1, len(source) - 2)) * medians[best]
    fits = residuals[best] <= _INLIER * max(float(spread), _LEAST_SPREAD)
    here, there = here[fits], there[fits]
    offsets = here - here.mean()
    turned = np.vdot(offsets, there - there.mean()) / np.vdot(offsets, offsets)
    moved = there.mean() - turned * here.mean()
    return np.array(
        [[turned.real, -turned.imag, moved.real], [turned.imag, turned.real, moved.imag]]
    )


def _flow_at(
    field: NDArray[np.float32], centres: NDArray[np.int_], reach: int
) -> NDArray[np.float64]:
    """Median flow (K, 2) of the pixels up to `reach` px from each of `centres`."""
    patches = [
        field[:, row - reach : row + reach + 1, column - reach : column + reach + 1]
        for column, row in centres
    ]
    return np.median(patches, axis=(2, 3)).astype(np.float64)
