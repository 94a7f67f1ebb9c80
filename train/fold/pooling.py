"""Pooling: from the logits of a clip's tested instances to one class and its probabilities."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from raicl.train.settings.train import InferName


class Verdict(NamedTuple):
    """The class that one clip is given.

    Attributes
    ----------
    predicted : class index.
    probabilities : one per class. With `vote` they are shares of the votes.
    """

    predicted: int
    probabilities: tuple[float, ...]


def pool(logits: Tensor, infer: InferName, strength: Tensor, temperature: float = 1.0) -> Verdict:
    """The verdict on a clip from the logits (K, V, L) of its instances and views.

    Probabilities are softmax(logits / T) of every instance and view, then their mean over the
    views, then what `combine_instances` makes of the instances.

    Parameters
    ----------
    strength : see `combine_instances`.
    temperature : T. The class is always that of T = 1, so that no score of classes depends on it.
        Without it a mean of several probabilities could have another largest one.
    """
    plain = combine_instances(average_views(logits), infer, strength)
    if temperature == 1:
        return plain
    calibrated = combine_instances(average_views(logits, temperature), infer, strength)
    return plain._replace(probabilities=calibrated.probabilities)


def average_views(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Probabilities (B, L) of instances, from their logits (B, V, L): the mean over the views."""
    return (logits / temperature).softmax(-1).mean(1)


def combine_instances(probabilities: Tensor, infer: InferName, strength: Tensor) -> Verdict:
    """Pool the probabilities (K, L) of a clip's K instances. Their order does not matter.

    Parameters
    ----------
    infer : `middle` has one instance. `mean` averages. `vote` counts, and the mean decides a tie.
        `weighted` averages with the weights `strength` [ours].
    strength : mean length of the flow of each instance, (K,).
    """
    rows = probabilities.double().cpu()
    mean = rows.mean(0)
    if infer == "vote":
        votes = torch.bincount(rows.argmax(1), minlength=rows.shape[1])
        ranked = [(int(n), float(p)) for n, p in zip(votes, mean, strict=True)]
        return Verdict(ranked.index(max(ranked)), tuple((votes.double() / len(rows)).tolist()))
    if infer == "weighted" and strength.sum() > 0:
        mean = instance_weights(infer, strength) @ rows
    pooled = mean.tolist()
    return Verdict(pooled.index(max(pooled)), tuple(pooled))


def instance_weights(infer: InferName, strength: Tensor) -> Tensor:
    """The share of each instance in the mean of a clip, (K,), of sum 1.

    All are equal but for `weighted`, and there without any motion.

    Parameters
    ----------
    strength : see `combine_instances`.
    """
    shares = strength.double().cpu()
    if infer == "weighted" and shares.sum() > 0:
        return shares / shares.sum()
    return torch.full_like(shares, 1 / len(shares))
