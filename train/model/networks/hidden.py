"""Hidden: two streams, of u and of v, whose flattened maps meet in fully connected layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class TwoStreams(nn.Module):
    """A stream of u and one of v with weights of their own, then hidden layers.

    The strain is not used. The features are the last hidden layer, as one cell without a place.
    """

    def __init__(self, horizontal: nn.Module, vertical: nn.Module, hidden: nn.Module) -> None:
        super().__init__()
        self.horizontal, self.vertical, self.hidden = horizontal, vertical, hidden

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, 3, S, S) → (B, C, 1, 1)."""
        u, v = self.horizontal(inputs[:, :1]), self.vertical(inputs[:, 1:2])
        features: Tensor = self.hidden(torch.cat([u.flatten(1), v.flatten(1)], 1))
        return features[:, :, None, None]


def hidden_layers(units: Sequence[int], *, dropout: float = 0.0) -> nn.Sequential:
    """Fully connected layers with ReLU, from the first number of units to the last."""
    layers = nn.Sequential()
    for inputs, outputs in pairwise(units):
        layers.extend([nn.Linear(inputs, outputs), nn.ReLU(inplace=True)])
        if dropout:
            layers.append(nn.Dropout(dropout))
    return layers
