"""The paper's losses, one pure function per symbol; their weights live in `siamese`.

Letters: B pairs, L classes, M regions, D channels, h x w map. Every target is detached here, where
its value is used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F


def loss_cls(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
    """L_cls: cross-entropy of the online logits (method 3.2); the target network gets none.

    Parameters
    ----------
    logits : (B, L); labels : (B,) class indices.
    weight : (L,) of the classes, for a weighted mean.
    """
    return F.cross_entropy(logits, labels, weight)


def loss_acl(
    maps: Tensor, target_maps: Tensor, distance: Literal["mse", "l2", "cosine"] = "mse"
) -> Tensor:
    """L_acl = 1/(L h w) Σ_j ‖M_θ,j - Flip(M_ξ,j)‖² (method 3.2), mean over the batch.

    [ours] squared, as in EAC's code, although the formula prints the plain norm; that is `l2`.

    Parameters
    ----------
    maps : M_θ (B, L, h, w).
    target_maps : M_ξ, flipped back already.
    distance : `mse`, or one of the two functions below.
    """
    target_maps = target_maps.detach()
    if distance == "l2":
        return norm_distance(maps, target_maps)
    if distance == "cosine":
        return shape_distance(maps, target_maps)
    return F.mse_loss(maps, target_maps)


def norm_distance(maps: Tensor, others: Tensor) -> Tensor:
    """1/(L h w) Σ_j ‖M_j - M'_j‖, each class's norm unsquared, as printed; batch mean."""
    squares = (maps - others).square().sum((-2, -1))  # (B, L)
    norms = (squares + 1e-12).sqrt()  # a root has no slope at 0
    return norms.sum(1).mean() / maps[0].numel()


def shape_distance(maps: Tensor, others: Tensor) -> Tensor:
    """1 - the mean over classes of the correlation of M_j and M'_j over pixels [ours].

    Every class map is centred and has unit norm first, so that shrinking the maps gains nothing.
    """
    flat, other = (m.flatten(2) - m.mean((-2, -1))[..., None] for m in (maps, others))
    return 1 - F.cosine_similarity(flat, other, dim=-1).mean()


def label_maps(maps: Tensor, labels: Tensor) -> Tensor:
    """The map of each image's label, (B, L, h, w) → (B, 1, h, w)."""
    return maps[torch.arange(len(maps), device=maps.device), labels][:, None]


def loss_align(scores: Tensor, target_assignment: Tensor) -> Tensor:
    """L_align = -1/(hw) Σ_uv Σ_m P_ξ(m, u, v) log P_θ(m, u, v) (method 3.4.4), batch mean.

    Parameters
    ----------
    scores : (B, M, h, w), the online heat maps over their temperature; P_θ is their softmax.
    target_assignment : P_ξ (B, M, h, w).
    """
    log_assignment = scores.log_softmax(1)
    return -(target_assignment.detach() * log_assignment).sum(1).mean()


def loss_c(predicted: Tensor, target_embeddings: Tensor) -> Tensor:
    """L_c = 1 - 1/M Σ_m cos(p(z_θ,m), z_ξ,m) (method 3.4.6), batch mean.

    [ours] the complement: the paper prints the similarity itself, which a loss cannot be.

    Parameters
    ----------
    predicted : p(z_θ) (B, M, D), or z_θ where there is no predictor.
    target_embeddings : z_ξ (B, M, D).
    """
    return 1 - F.cosine_similarity(predicted, target_embeddings.detach(), dim=-1).mean()


def loss_balance(assignment: Tensor) -> Tensor:
    """R = ln M - H(mean of P_θ over batch and pixels) (method 3.4.7).

    Parameters
    ----------
    assignment : P_θ (B, M, h, w).

    Returns
    -------
    0 where the regions share the pixels equally, ln M where one takes all.
    """
    usage = assignment.mean((0, 2, 3))  # (M,)
    return math.log(len(usage)) + (usage * usage.clamp_min(1e-12).log()).sum()


@torch.no_grad()
def sinkhorn(scores: Tensor, rounds: int = 3) -> Tensor:
    """Assignment in which all regions have the same mass over the batch (method 3.4.7).

    Parameters
    ----------
    scores : (B, M, h, w), heat maps over their temperature.
    rounds : each divides the regions by their mass, then the pixels by theirs.

    Returns
    -------
    (B, M, h, w), sums to 1 over M.
    """
    logs = scores.log_softmax(1)
    for _ in range(rounds):
        logs = (logs - logs.logsumexp((0, 2, 3), keepdim=True)).log_softmax(1)
    return logs.exp()


def ramp_up(epoch: int, epochs: int) -> float:
    """Factor that rises linearly from 0 in epoch 0 to 1 from epoch `epochs` on [ours]."""
    return min(1.0, epoch / epochs) if epochs else 1.0


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
