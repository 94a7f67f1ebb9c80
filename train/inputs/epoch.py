"""Epoch: which instances are paired, in which order, in which mini-batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raicl.common.sampling.frames import random_frames
from raicl.train.inputs.pairs import both_ways, draw_pairs
from raicl.train.settings import TrainSettings


def draw_rows(
    rows: Sequence[range], settings: TrainSettings, rng: np.random.Generator
) -> Sequence[Sequence[int]]:
    """The rows that an epoch trains on: all, or with random sampling N rows drawn per clip."""
    if settings.sampling != "random" or not settings.redraw:
        return rows
    # the rows of a clip are its frames 1 … T-1 in this order
    return [
        [clip[index - 1] for index in random_frames(len(clip) + 1, settings.n_frames, rng)]
        for clip in rows
    ]


def balanced_clips(labels: Sequence[int], rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of an epoch's clips, ascending, so that all present classes are equally frequent.

    The epoch keeps its length, up to rounding. In a rare class, every clip comes once before any
    comes twice. From a frequent class, a part is drawn.
    """
    truth = np.asarray(labels)
    present = np.unique(truth)
    share = -(-len(truth) // len(present))
    chosen = []
    for label in present:
        clips = np.flatnonzero(truth == label)
        rounds, rest = divmod(share, len(clips))
        chosen += [np.tile(clips, rounds), rng.choice(clips, rest, replace=False)]
    return np.sort(np.concatenate(chosen))


Batches = list[tuple[Tensor, ...]]


def mini_batches(pairs: NDArray[np.int64], batch_size: int, *, symmetric: bool = False) -> Batches:
    """Consecutive mini-batches of (clip, online row, target row).

    A mini-batch of a single pair is dropped, because batch normalisation has no variance to divide
    by (docs/method.md 3.6).

    Parameters
    ----------
    pairs : pairs of an epoch, (P, 3).
    symmetric : add to each mini-batch its pairs with exchanged roles.

    Returns
    -------
    Three int64 tensors (B,) per mini-batch.
    """
    starts = range(0, len(pairs), batch_size)
    chunks = [pairs[start : start + batch_size] for start in starts]
    whole = [both_ways(c) if symmetric else c for c in chunks if len(c) > 1]
    return [tuple(torch.from_numpy(chunk.T.copy())) for chunk in whole]


def place(indices: Sequence[Tensor], device: torch.device) -> list[Tensor]:
    """The indices of an epoch on the device, in one copy: each of its own waits for the device."""
    if not indices:
        return []
    whole = torch.cat(list(indices)).to(device, non_blocking=True)
    return list(torch.split(whole, [len(index) for index in indices]))


def draw_epoch(
    rows: Sequence[range],
    truth: Sequence[int],
    strength: NDArray[np.float64],
    settings: TrainSettings,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """The pairs of one epoch (P, 3): clip, online row, target row."""
    drawn, clips = draw_rows(rows, settings, rng), np.arange(len(rows))
    if settings.imbalance == "balanced-sampler":
        clips = balanced_clips(truth, rng)
    chosen = [drawn[clip] for clip in clips.tolist()]
    pairs = draw_pairs(chosen, settings.pairs, rng, pairing=settings.pairing, strength=strength)
    pairs[:, 0] = clips[pairs[:, 0]]
    return pairs
