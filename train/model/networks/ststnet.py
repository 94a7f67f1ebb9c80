"""STSTNet: three shallow streams side by side (Liong et al., FG 2019, arXiv 1902.03634)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from raicl.train.model.networks.body import Body

FILTERS = (3, 5, 8)  # of the three streams


class TripleStream(nn.Module):
    """(u, v, ε) (B, 3, S, S) → (B, 16, n, n), 5 x 5 cells at the published 28 px."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = nn.ModuleList(_stream(filters) for filters in FILTERS)
        self.pool = nn.AvgPool2d(2)

    def forward(self, inputs: Tensor) -> Tensor:
        """Each stream sees all three channels, which the paper calls three-dimensional."""
        pooled: Tensor = self.pool(torch.cat([stream(inputs) for stream in self.streams], 1))
        return pooled


def make_ststnet(size: int) -> Body:
    """STSTNet for inputs of `size` px; its last layer weighs the flattened map.

    With three classes it has 1,683 parameters at 28 px, of which 32 are those of normalisation.
    The paper counts 0.00167 million.
    """
    side = ((size - 1) // 3 + 1) // 2
    return Body(TripleStream(), sum(FILTERS), (side, side))


def _stream(filters: int) -> nn.Sequential:
    """The layers of the paper; normalisation and dropout are those of the authors' PyTorch code."""
    return nn.Sequential(
        nn.Conv2d(3, filters, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(filters),
        nn.MaxPool2d(3, stride=3, padding=1),
        nn.Dropout(0.5),
    )
