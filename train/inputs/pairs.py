"""Pairs: which two instances of a clip meet in an epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raicl.train.settings.inputs import PairingName


def draw_pairs(
    rows: Sequence[Sequence[int]],
    per_clip: int,
    rng: np.random.Generator,
    *,
    pairing: PairingName = "permute",
    strength: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """The pairs of one epoch, shuffled over all clips (docs/method.md 2, Pairs) [ours].

    A random permutation of a clip's instances gives the online ones. Each target is another
    instance of the same clip, drawn uniformly. A clip with fewer than `per_clip` instances starts
    another permutation, so that every clip weighs the same. A single instance is paired with
    itself.

    Parameters
    ----------
    rows : rows of the instances of each clip.
    per_clip : pairs per clip.
    pairing : `permute` is the above. `iid` draws both instances independently. `strong-teacher`
        makes the instance that moves more the target. For `symmetric` see `both_ways`.
    strength : mean length of the flow of every row, (N,), for `strong-teacher`.

    Returns
    -------
    (P, 3): clip (position in `rows`), online instance, target instance.
    """
    draw = _independent_pairs if pairing == "iid" else _clip_pairs
    drawn = [np.asarray(clip)[draw(len(clip), per_clip, rng)] for clip in rows]
    clips = np.repeat(np.arange(len(rows)), per_clip)
    pairs = np.column_stack([clips, np.concatenate(drawn)])
    if pairing == "strong-teacher":
        assert strength is not None
        pairs = stronger_last(pairs, strength)
    return rng.permutation(pairs)


def stronger_last(pairs: NDArray[np.int64], strength: NDArray[np.float64]) -> NDArray[np.int64]:
    """The pairs (P, 3) with the instance that moves more as the target [ours]."""
    swapped = strength[pairs[:, 1]] > strength[pairs[:, 2]]
    return np.where(swapped[:, None], pairs[:, [0, 2, 1]], pairs)


def both_ways(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs (P, 3), then the same with exchanged roles, as in BYOL's symmetric loss."""
    return np.concatenate([pairs, pairs[:, [0, 2, 1]]])


def _independent_pairs(n: int, per_clip: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.integers(0, n, (per_clip, 2))


def _clip_pairs(n: int, per_clip: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(per_clip, 2) positions i ≠ j below n, every i once before any comes twice."""
    rounds = -(-per_clip // n)
    online = np.concatenate([rng.permutation(n) for _ in range(rounds)])[:per_clip]
    distance = rng.integers(1, n, per_clip) if n > 1 else 0
    return np.column_stack([online, (online + distance) % n])
