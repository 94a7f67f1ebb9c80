"""Pooling: one statement about a clip from those about its instances (method 6.B)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from raicl.train.settings.train import InferName


class Verdict(NamedTuple):
    """What is said of one clip.

    Attributes
    ----------
    predicted : class index.
    probabilities : one per class; of `vote` the shares of the votes.
    """

    predicted: int
    probabilities: tuple[float, ...]


def pool_instances(probabilities: Tensor, infer: InferName, strength: Tensor) -> Verdict:
    """Pool the probabilities (K, L) of a clip's K instances; their order does not matter.

    Parameters
    ----------
    infer : `middle` has a single instance; `mean`; `vote`, where equal votes are decided by the
        mean; `weighted`, by strength [ours].
    strength : (K,), mean length of the flow.
    """
    rows = probabilities.double().cpu()
    mean = rows.mean(0)
    if infer == "vote":
        votes = torch.bincount(rows.argmax(1), minlength=rows.shape[1])
        ranked = [(int(n), float(p)) for n, p in zip(votes, mean, strict=True)]
        return Verdict(ranked.index(max(ranked)), tuple((votes.double() / len(rows)).tolist()))
    if infer == "weighted" and strength.sum() > 0:  # where nothing moves all weigh the same
        mean = strength.double() @ rows / strength.sum()
    pooled = mean.tolist()
    return Verdict(pooled.index(max(pooled)), tuple(pooled))
