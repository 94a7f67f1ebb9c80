"""The paper's losses, one pure function per symbol. `siamese` weights and adds them.

Letters: B pairs, L classes, M regions, D channels, h x w pixels of a map. Each function detaches
the target network's values that it is given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F


def loss_cls(logits: Tensor, labels: Tensor, weight: Tensor | None = None) -> Tensor:
    """L_cls: cross-entropy of the online logits (docs/method.md 3.2).

    The target network has no such loss.

    Parameters
    ----------
    logits : logits of the online network, (B, L).
    labels : class indices, (B,).
    weight : class weights (L,) for a weighted mean. None weighs all classes alike.
    """
    return F.cross_entropy(logits, labels, weight)


def loss_acl(
    maps: Tensor, target_maps: Tensor, distance: Literal["mse", "l2", "cosine"] = "mse"
) -> Tensor:
    """L_acl = 1/(L h w) Σ_j ‖M_θ,j - Flip(M_ξ,j)‖² (docs/method.md 3.2), mean over the batch.

    [ours] The norm is squared, as in EAC's code. The paper prints it unsquared, which is `l2`.

    Parameters
    ----------
    maps : M_θ (B, L, h, w).
    target_maps : M_ξ (B, L, h, w), already flipped back.
    distance : `mse`, `l2` (see `norm_distance`) or `cosine` (see `shape_distance`).
    """
    target_maps = target_maps.detach()
    if distance == "l2":
        return norm_distance(maps, target_maps)
    if distance == "cosine":
        return shape_distance(maps, target_maps)
    return F.mse_loss(maps, target_maps)


def norm_distance(maps: Tensor, others: Tensor) -> Tensor:
    """1/(L h w) Σ_j ‖M_j - M'_j‖, unsquared as the paper prints it, mean over the batch."""
    squares = (maps - others).square().sum((-2, -1))  # (B, L)
    norms = (squares + 1e-12).sqrt()  # the gradient of a root is infinite at 0
    return norms.sum(1).mean() / maps[0].numel()


def shape_distance(maps: Tensor, others: Tensor) -> Tensor:
    """1 minus the correlation of M_j and M'_j over pixels, averaged over classes [ours].

    Each class map is first centred and scaled to unit norm, so shrinking the maps gains nothing.
    """
    flat, other = (m.flatten(2) - m.mean((-2, -1))[..., None] for m in (maps, others))
    return 1 - F.cosine_similarity(flat, other, dim=-1).mean()


def label_maps(maps: Tensor, labels: Tensor) -> Tensor:
    """The map of each image's label, (B, L, h, w) → (B, 1, h, w)."""
    return maps[torch.arange(len(maps), device=maps.device), labels][:, None]


def loss_align(scores: Tensor, target_assignment: Tensor) -> Tensor:
    """L_align = -1/(hw) Σ_xy Σ_m P_ξ(m, x, y) log P_θ(m, x, y) (docs/method.md 3.4.4), batch mean.

    Parameters
    ----------
    scores : online heat maps divided by their temperature, (B, M, h, w). P_θ is their softmax.
    target_assignment : P_ξ (B, M, h, w).
    """
    log_assignment = scores.log_softmax(1)
    return -(target_assignment.detach() * log_assignment).sum(1).mean()


def loss_c(predicted: Tensor, target_embeddings: Tensor) -> Tensor:
    """L_c = 1 - 1/M Σ_m cos(p(z_θ,m), z_ξ,m) (docs/method.md 3.4.6), batch mean.

    [ours] This is the complement of what the paper prints: minimising the similarity itself would
    make the networks disagree.

    Parameters
    ----------
    predicted : p(z_θ) (B, M, D), or z_θ without a predictor.
    target_embeddings : z_ξ (B, M, D).
    """
    return 1 - F.cosine_similarity(predicted, target_embeddings.detach(), dim=-1).mean()


def loss_balance(assignment: Tensor) -> Tensor:
    """R = ln M - H(mean of P_θ over batch and pixels) (docs/method.md 3.4.7).

    Parameters
    ----------
    assignment : P_θ (B, M, h, w).

    Returns
    -------
    0 if the regions share the pixels equally, ln M if one region takes all.
    """
    usage = assignment.mean((0, 2, 3))  # (M,)
    return math.log(len(usage)) + (usage * usage.clamp_min(1e-12).log()).sum()


def loss_decorrelation(queries: Tensor) -> Tensor:
    """Mean over pairs m ≠ n of cos²(Q_m, Q_n), batch mean (docs/method.md 3.4.7) [ours].

    Parameters
    ----------
    queries : Q_θ (B, M, D), the decoded regions.

    Returns
    -------
    0 if the regions of an image are orthogonal, 1 if they are one direction. 0 for one region.
    """
    unit = F.normalize(queries, dim=-1)
    squares = (unit @ unit.mT).square()
    n = squares.shape[-1]
    others = squares.sum((-2, -1)) - squares.diagonal(dim1=-2, dim2=-1).sum(-1)
    return others.mean() / max(n * (n - 1), 1)


def ramp_up(epoch: int, epochs: int) -> float:
    """Factor that rises linearly from 0 in epoch 0 to 1 in epoch `epochs`, then stays [ours]."""
    return min(1.0, epoch / epochs) if epochs else 1.0


def log_prior(counts: Sequence[int]) -> Tensor:
    """log(π_j · L), the log prior relative to equal classes, (L,) (docs/method.md 6.A).

    Logit adjustment adds it to the logits in training. Prior correction subtracts it at test.
    [ours] An absent class counts as one clip, because its logarithm would be infinite.
    """
    clips = torch.tensor(counts, dtype=torch.float64).clamp_min(1)
    return (clips * len(clips) / clips.sum()).log().float()


def effective_weights(counts: Sequence[int], beta: float) -> Tensor:
    """Class-balanced weights (1 - β^n̄)/(1 - β^n_j), n̄ the mean count, (L,) (docs/method.md 6.A).

    A class of average size has weight 1.

    Parameters
    ----------
    beta : β. 0 weighs all classes alike; towards 1 the weights approach the inverse of the counts.
    """
    clips = torch.tensor(counts, dtype=torch.float64).clamp_min(1)
    return ((1 - beta ** clips.mean()) / (1 - beta**clips)).float()
