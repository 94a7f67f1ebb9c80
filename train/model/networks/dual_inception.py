"""Dual-Inception: two streams of inception blocks (Zhou, Mao and Xue, FG 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from raicl.train.model.networks.body import Body
from raicl.train.model.networks.hidden import TwoStreams, hidden_layers

FILTERS = (6, 16)  # of each path, in the first and the second block
_PATHS, _UNITS = 4, 1024


class InceptionBlock(nn.Module):
    """Four paths side by side (Szegedy et al. 2015), then pooling: (B, C, S, S) → half the side."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            [
                _convolution(channels, filters, 1),
                nn.Sequential(
                    _convolution(channels, filters, 1), _convolution(filters, filters, 3)
                ),
                nn.Sequential(
                    _convolution(channels, filters, 1), _convolution(filters, filters, 5)
                ),
                nn.Sequential(
                    nn.MaxPool2d(3, stride=1, padding=1), _convolution(channels, filters, 1)
                ),
            ]
        )
        self.pool = nn.MaxPool2d(2)

    def forward(self, features: Tensor) -> Tensor:
        """Concatenate the paths, four times `filters` channels."""
        pooled: Tensor = self.pool(torch.cat([path(features) for path in self.paths], 1))
        return pooled


def make_dual_inception(size: int) -> Body:
    """Dual-Inception for inputs of `size` px, published for 28.

    With three classes it has 6,449,867 parameters at 28 px; 6.45 million are published.
    """
    side = size // 4
    hidden = hidden_layers((2 * _PATHS * FILTERS[1] * side * side, _UNITS))
    return Body(TwoStreams(_stream(), _stream(), hidden), _UNITS)


def _stream() -> nn.Sequential:
    first, second = FILTERS
    return nn.Sequential(InceptionBlock(1, first), InceptionBlock(_PATHS * first, second))


def _convolution(channels: int, filters: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, filters, kernel, padding=kernel // 2), nn.ReLU(inplace=True)
    )
