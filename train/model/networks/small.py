"""Small: one convolution and one residual block for inputs of 28 to 64 px [ours]."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from raicl.train.model.networks.body import Body


def make_small(size: int, width: int) -> Body:
    """Two strides of 2, so 7 x 7 cells at 28 px, each of them weighed by itself.

    ResNet18 turns 28 px into a single cell or, with three stages, into 2 x 2. Here a cell still
    means a place of the face. Kernels of a stride are even, so that the network is mirror-symmetric
    at every multiple of 4 px.

    Parameters
    ----------
    size : side of the input, px.
    width : channels of the first convolution; the block has twice as many.
    """
    stem = nn.Sequential(
        nn.Conv2d(3, width, 6, stride=2, padding=2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )
    side = size // 2 // 2
    return Body(nn.Sequential(stem, Halving(width, 2 * width)), 2 * width, (side, side))


class Halving(nn.Module):
    """A residual block (He et al. 2016) that halves the side; its shortcut takes means of four."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        last = nn.BatchNorm2d(out)
        nn.init.zeros_(last.weight)  # it starts as its shortcut
        self.residual = nn.Sequential(
            nn.Conv2d(channels, out, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
            last,
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2), nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out)
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) → (B, 2C, h / 2, w / 2), rounded down."""
        return torch.relu(self.residual(features) + self.shortcut(features))
