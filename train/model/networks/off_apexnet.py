"""OFF-ApexNet: two small streams of u and v (Gan et al. 2019, arXiv 1805.08699)."""

from __future__ import annotations

from torch import nn

from raicl.train.model.networks.body import Body
from raicl.train.model.networks.hidden import TwoStreams, hidden_layers

_UNITS = 1024


def make_off_apexnet(size: int) -> Body:
    """OFF-ApexNet for inputs of `size` px, published for 28.

    With three classes it has 2,664,475 parameters at 28 px. The table of STSTNet's paper counts
    2.77 million, others 2.66 million.
    """
    side = size // 4
    hidden = hidden_layers((2 * 16 * side * side, _UNITS, _UNITS), dropout=0.5)
    return Body(TwoStreams(_stream(), _stream(), hidden), _UNITS)


def _stream() -> nn.Sequential:
    """(B, 1, S, S) → (B, 16, S / 4, S / 4)."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
    )
