"""The paper's losses, one pure function per symbol; their weights live in `siamese`.

Letters: B pairs, L classes, M regions, D channels, h x w map. Every target is detached here, where
its value is used.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def loss_cls(logits: Tensor, labels: Tensor) -> Tensor:
    """L_cls: cross-entropy of the online logits (method 3.2); the target network gets none.

    Parameters
    ----------
    logits : (B, L); labels : (B,) class indices.
    """
    return F.cross_entropy(logits, labels)


def loss_acl(maps: Tensor, target_maps: Tensor) -> Tensor:
    """L_acl = 1/(L h w) Σ_j ‖M_θ,j - Flip(M_ξ,j)‖² (method 3.2), mean over the batch.

    [ours] squared, as in EAC's code, although the formula prints the plain norm.

    Parameters
    ----------
    maps : M_θ (B, L, h, w).
    target_maps : M_ξ, flipped back already.
    """
    return F.mse_loss(maps, target_maps.detach())


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
