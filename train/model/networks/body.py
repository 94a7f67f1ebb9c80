"""Body: a network without its classifier, and what the classifier must know of it."""

from __future__ import annotations

from typing import NamedTuple

from torch import nn


class Body(NamedTuple):
    """A network without its classifier.

    Attributes
    ----------
    module : inputs (B, 3, S, S) → features (B, C, h, w).
    channels : C.
    cells : (h, w) if the classifier weighs every cell by itself, as after a flattening. None if it
        weighs the mean over the cells.
    """

    module: nn.Module
    channels: int
    cells: tuple[int, int] | None = None
