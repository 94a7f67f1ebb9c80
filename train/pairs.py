"""Pairs: which two instances of a clip meet in an epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def draw_pairs(
    rows: Sequence[Sequence[int]], per_clip: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """The pairs of one epoch, shuffled over all clips (method 2) [ours].

    A random permutation of a clip's instances gives the online ones; each target is another
    instance of the same clip, uniformly. A clip with fewer than `per_clip` instances goes round
    again, so that every clip weighs the same; one with a single instance meets itself.

    Parameters
    ----------
    rows : the instances of each clip.
    per_clip : pairs per clip.

    Returns
    -------
    (P, 3): clip (position in `rows`), online instance, target instance.
    """
    drawn = [np.asarray(clip)[_clip_pairs(len(clip), per_clip, rng)] for clip in rows]
    clips = np.repeat(np.arange(len(rows)), per_clip)
    pairs = np.column_stack([clips, np.concatenate(drawn)])
    return rng.permutation(pairs)


def _clip_pairs(n: int, per_clip: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(per_clip, 2) positions i ≠ j below n, every i once before any comes twice."""
    rounds = -(-per_clip // n)
    online = np.concatenate([rng.permutation(n) for _ in range(rounds)])[:per_clip]
    distance = rng.integers(1, n, per_clip) if n > 1 else 0
    return np.column_stack([online, (online + distance) % n])
