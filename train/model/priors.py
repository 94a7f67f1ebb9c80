"""Imbalance: what the counts of the training clips change, one choice at a time (method 6.A).

Counts are of a fold's training clips, not of their instances. Where all classes are equally
frequent every choice computes exactly what none computes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
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
