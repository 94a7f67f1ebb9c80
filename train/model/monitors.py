"""Monitors: numbers that show collapsing regions or shrinking maps (docs/method.md 6.H)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from raicl.train.model.regions import Regions


@torch.no_grad()
def region_monitors(regions: Regions) -> dict[str, Tensor]:
    """How the regions share the face.

    Returns
    -------
    usage : exp(H(mean P)), the regions in use. M if they share equally, 1 if one takes all.
    entropy : mean entropy of a pixel's assignment, nats.
    information : mutual information between the place of a pixel and its region, nats. 0 if the
        region does not depend on the place, at most ln M.
    region_std : spread of the unit embeddings per channel. Healthy near 1/sqrt(D), 0 if collapsed.
    region_cosine : mean absolute cosine between different regions of an image.
    """
    assignment = regions.assignment  # (B, M, h, w)
    usage = assignment.mean((0, 2, 3))  # (M,)
    unit = F.normalize(regions.embeddings, dim=-1)  # (B, M, D)
    cosines = (unit @ unit.mT).abs()
    n = cosines.shape[-1]
    others = cosines.sum((-2, -1)) - cosines.diagonal(dim1=-2, dim2=-1).sum(-1)
    return {
        "usage": _entropy(usage, 0).exp(),
        "entropy": _entropy(assignment, 1).mean(),
        "information": _entropy(usage, 0) - _entropy(assignment.mean(0), 0).mean(),
        "region_std": unit.flatten(0, 1).std(0).mean(),
        "region_cosine": others.mean() / max(n * (n - 1), 1),
    }


@torch.no_grad()
def map_norm(maps: Tensor) -> Tensor:
    """Mean over images of log ‖M‖. If it keeps falling, L_acl shrinks the maps to make them agree.

    Parameters
    ----------
    maps : class maps (B, L, h, w).
    """
    norms: Tensor = torch.linalg.vector_norm(maps, dim=(1, 2, 3))
    return norms.log().mean()


def _entropy(probabilities: Tensor, axis: int) -> Tensor:
    return torch.xlogy(-probabilities, probabilities).sum(axis)
