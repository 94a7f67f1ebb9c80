"""Members: several networks side by side as one; the classifier gives the mean of their logits."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from raicl.train.model.networks.body import Body


class Members(nn.Module):
    """Networks of one shape, without shared weights: (B, 3, S, S) → (B, K C, h, w).

    Features are divided by K. A linear classifier of all of them then gives the mean of the logits
    that its K parts give by themselves (`split_logits`), so that a class map is the mean of theirs.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(modules)

    def forward(self, inputs: Tensor) -> Tensor:
        """Their features one after the other, those of a member together."""
        features = torch.cat([member(inputs) for member in self.members], 1)
        return features / len(self.members)


def join(bodies: Sequence[Body]) -> Body:
    """Bodies of one shape as one."""
    first = bodies[0]
    if len(bodies) == 1:
        return first
    module = Members([body.module for body in bodies])
    return Body(module, len(bodies) * first.channels, first.cells)


def split_logits(cells: Tensor, fc: nn.Linear, members: int) -> Tensor:
    """The logits of each member (B, K, L), whose mean is what `fc` gives.

    Parameters
    ----------
    cells : what `fc` weighs, (B, K D).
    """
    own = cells.view(len(cells), members, -1) * members  # (B, K, D)
    weight = fc.weight.view(fc.out_features, members, -1)  # (L, K, D)
    logits = torch.einsum("bkd,lkd->bkl", own, weight)
    return logits if fc.bias is None else logits + fc.bias


@torch.no_grad()
def start_alone(fc: nn.Linear, members: int) -> None:
    """Draw the weights of each member as a linear layer of its own would draw them."""
    for part in fc.weight.chunk(members, 1):
        part.copy_(nn.Linear(part.shape[1], fc.out_features, bias=False).weight)
