"""The target's assignment of pixels to regions, balanced over the regions if the settings ask."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from raicl.train.model.regions import Regions
from raicl.train.settings import TrainSettings

CENTRE_MOMENTUM = 0.9  # [ours] as in DINO, which centres a teacher's scores likewise


class TargetAssignment(nn.Module):
    """P_ξ as L_align takes it: the softmax of the scores, or a balanced one (docs/method.md 3.4.7).

    The pooling of z_ξ keeps the softmax.

    Attributes
    ----------
    centre : slow mean of each region's score over batches, (M,). Only with `balance` centring.
    """

    centre: Tensor

    def __init__(self, settings: TrainSettings) -> None:
        super().__init__()
        self.balance = settings.balance
        if self.balance == "centring":
            self.register_buffer("centre", torch.zeros(settings.queries))

    @torch.no_grad()
    def forward(self, regions: Regions) -> Tensor:
        """The target's regions → assignment (B, M, h, w). In train mode the centre follows."""
        scores = regions.scores
        if self.balance == "sinkhorn":
            return sinkhorn(scores)
        if self.balance == "centring":
            assignment = (scores - self.centre[:, None, None]).softmax(1)
            if self.training:
                self.centre.lerp_(scores.mean((0, 2, 3)), 1 - CENTRE_MOMENTUM)
            return assignment
        return regions.assignment


@torch.no_grad()
def sinkhorn(scores: Tensor, rounds: int = 3) -> Tensor:
    """Assignment in which all regions have the same mass over the batch (docs/method.md 3.4.7).

    Parameters
    ----------
    scores : heat maps divided by their temperature, (B, M, h, w).
    rounds : number of rounds. Each divides the regions by their mass, then the pixels by theirs.

    Returns
    -------
    The assignment (B, M, h, w), which sums to 1 over M.
    """
    logs = scores.log_softmax(1)
    for _ in range(rounds):
        logs = (logs - logs.logsumexp((0, 2, 3), keepdim=True)).log_softmax(1)
    return logs.exp()
