"""Linear: the classifier on flow averaged over a coarse grid, which any network must beat."""

from __future__ import annotations

from torch import nn

from raicl.train.model.networks.body import Body

GRID = 7  # cells a side: 4 px each at 28 px


def make_linear(size: int) -> Body:
    """No weights but the classifier's, 444 of them with three classes [ours].

    Parameters
    ----------
    size : side of the input, px. The grid is the same for all of them.
    """
    assert size >= GRID
    return Body(nn.AdaptiveAvgPool2d(GRID), 3, (GRID, GRID))
