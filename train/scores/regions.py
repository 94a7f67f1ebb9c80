"""Regions and attention of held-out clips, measured alone and against a known truth.

All functions are of one network, whose queries mean the same in all of its clips. The queries of
another fold's network have other meanings, so its clips are never pooled with these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from raicl.train.scores.clusters import agreement, k_means
from raicl.train.scores.metrics import draw_subjects, percentile_interval

Floats = NDArray[np.floating]
_ONE_IN_USE = 1.1  # of the cells' largest shares: a tenth more than one region [ours]
_NOTHING_TOLD = 0.05  # nats that a place tells of the region; of eight sure regions ln 8 [ours]
_SEED = 0


def sharing(assignment: Floats, embeddings: Floats, *, seed: int = _SEED) -> dict[str, float]:
    """How the regions share the face, without any truth.

    Parameters
    ----------
    assignment : P of N clips, (N, M, h, w). Sums to 1 over M.
    embeddings : z (N, M, D).
    seed : of the places that are shuffled.

    Returns
    -------
    usage : exp(H(mean P)), the regions in use, 1 to M. M also if all are equal.
    usage_of_largest : the same of the region with the largest share of each cell, 1 to M.
    cosine : mean absolute cosine between different regions of an image, 0 to 1 (all equal).
    entropy : mean entropy of a cell's assignment, 0 to ln M nats.
    information : mutual information between place and region, 0 to ln M nats: the entropy of the
        mean over everything minus the mean over places of the entropy of the mean over clips.
    information_by_chance : the same with the cells of every clip shuffled. Not 0 for few clips.
    """
    n, m = assignment.shape[:2]
    cells = assignment.astype(np.float64).reshape(n, m, -1)
    rng = np.random.default_rng(seed)
    shuffled = np.stack([clip[:, rng.permutation(cells.shape[-1])] for clip in cells])
    lengths = np.linalg.norm(embeddings.astype(np.float64), axis=-1, keepdims=True)
    unit = embeddings / np.maximum(lengths, 1e-12)
    cosines = np.abs(unit @ unit.transpose(0, 2, 1))
    others = cosines.sum((1, 2)) - cosines.trace(axis1=1, axis2=2)
    largest = np.bincount(cells.argmax(1).ravel(), minlength=m) / cells[:, 0].size
    return {
        "usage": float(np.exp(_entropy(cells.mean((0, 2)), 0))),
        "usage_of_largest": float(np.exp(_entropy(largest, 0))),
        "cosine": float(others.mean() / max(m * (m - 1), 1)),
        "entropy": float(_entropy(cells, 1).mean()),
        "information": _information(cells),
        "information_by_chance": _information(shuffled),
    }


def are_one(usage_of_largest: float, information: float, by_chance: float) -> bool:
    """Whether the regions tell no part of the face from another: one wins, or places say nothing.

    `usage` alone cannot say it: M equal regions have a usage of M. Nor can `information`, which is
    not 0 by chance for few clips.
    """
    return usage_of_largest < _ONE_IN_USE or information - by_chance < _NOTHING_TOLD


def consistency(
    assignment: Floats,
    parts: NDArray[np.int64],
    features: Floats,
    trained: Floats,
    *,
    seed: int = _SEED,
) -> dict[str, float]:
    """How well a region means the same part of the face in other people's clips.

    Each is the adjusted mutual information of a labelling of all cells of N clips with their parts
    of the face; 1 is the same partition, 0 is chance.

    Parameters
    ----------
    assignment : P (N, M, h, w). A cell has the label of its largest region.
    parts : part of the face at each cell, (N, h, w).
    features : F of the same network in the same clips, (N, C, h, w).
    trained : F of the clips that the network was trained on, (K, C, h, w).
    seed : of the shuffled labels.

    Returns
    -------
    regions : of the regions.
    shuffled : of the same labels shuffled over all cells.
    features : of M clusters of the features, fitted on the trained clips.
    places : of M clusters of the places of the map, the same for all clips. Faces are aligned, so
        this is what an assignment gets that looks at no clip.
    """
    m, height, width = assignment.shape[1:]
    regions, truth = assignment.argmax(1).ravel(), parts.ravel()
    channels = features.shape[1]
    rows, train_rows = (
        maps.transpose(0, 2, 3, 1).reshape(-1, channels) for maps in (features, trained)
    )
    places = np.indices((height, width)).reshape(2, -1).T.astype(np.float64)
    spatial = np.tile(k_means(places, places, m), len(assignment))
    return {
        "regions": agreement(regions, truth),
        "shuffled": agreement(np.random.default_rng(seed).permutation(regions), truth),
        "features": agreement(k_means(train_rows, rows, m), truth),
        "places": agreement(spatial, truth),
    }


def coverage(energy: Floats, moving: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Energy share over area share of each moving region in each clip's map, (N, N).

    Row i has the map of clip i, column j the region of clip j; the diagonal is what is measured. 1
    is a map that ignores motion, and 1 over the area's share one that has no energy elsewhere. A
    map without energy has 0.

    Parameters
    ----------
    energy : squared positive parts of class maps, brought to the crop's size, (N, S, S).
    moving : N masks (S, S), none of them empty.
    """
    masks = np.stack([mask.ravel() for mask in moving]).astype(np.float64)
    flat = energy.reshape(len(energy), -1).astype(np.float64)
    total = flat.sum(1, keepdims=True)
    share = np.divide(flat, total, out=np.zeros_like(flat), where=total > 0)
    return np.asarray(share @ masks.T / masks.mean(1))


def mean_over_subjects(
    subjects: Mapping[str, float], *, seed: int = _SEED
) -> tuple[float, tuple[float, float] | None]:
    """Mean of the subjects' values and its 95 % percentile interval by a bootstrap over subjects.

    Equal seeds and numbers of subjects give equal draws, in the order of the names. One subject
    has no interval: its resamples are all the same.
    """
    values = np.array([subjects[name] for name in sorted(subjects)])
    if len(values) < 2:
        return float(values.mean()), None
    drawn = draw_subjects(len(values), seed=seed)
    return float(values.mean()), percentile_interval(drawn @ values / len(values))


def _information(cells: NDArray[np.float64]) -> float:
    """Mutual information between place and region of assignments (N, M, places), nats."""
    by_place = cells.mean(0)  # (M, places)
    told = _entropy(by_place.mean(1), 0) - _entropy(by_place, 0).mean()
    return max(0.0, float(told))  # rounding can make 0 slightly negative


def _entropy(shares: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Entropy along an axis, nats; a share of 0 adds nothing."""
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logs).sum(axis))
