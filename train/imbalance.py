"""Imbalance: what the counts of the training clips change, one choice at a time (method 6.A).

Counts are of a fold's training clips, not of their instances. Where all classes are equally
frequent every choice computes exactly what none computes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def log_prior(counts: Sequence[int]) -> Tensor:
    """log(π_j · L), relative to equal classes, (L,).

    Added to the logits in training it is logit adjustment, subtracted at test the correction.
    [ours] A class that is absent counts as one clip: its logarithm would be infinite.
    """
    clips = torch.tensor(counts, dtype=torch.float64).clamp_min(1)
    return (clips * len(clips) / clips.sum()).log().float()


def effective_weights(counts: Sequence[int], beta: float) -> Tensor:
    """Class-balanced weights (1 - β)/(1 - β^n_j), 1 for a class of average size, (L,).

    Parameters
    ----------
    beta : 0 weighs every class alike, close to 1 by the inverse of its clips.
    """
    clips = torch.tensor(counts, dtype=torch.float64).clamp_min(1)
    return ((1 - beta ** clips.mean()) / (1 - beta**clips)).float()


def balanced_clips(labels: Sequence[int], rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of an epoch's clips, ascending, in which all present classes are as frequent.

    The epoch keeps its length, up to rounding. Of a rare class every clip comes once before any
    comes twice; of a frequent one a part is drawn.
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
