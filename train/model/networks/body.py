"""Body: a network without its classifier, and what the classifier must know of it. READ FIRST.

A body turns inputs (B, 3, S, S) into features (B, C, h, w). A linear classifier follows, which is
raicl's for every network, so that class maps (IRC) and regions (MRD) mean the same with each.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from raicl.train.model.networks.own import make_own
from raicl.train.model.networks.resnet18 import make_backbone
from raicl.train.settings import TrainSettings
from raicl.train.settings.networks import RESNET18, is_own


class Body(NamedTuple):
    """A network without its classifier.

    Attributes
    ----------
    module : (B, 3, S, S) → (B, C, h, w).
    channels : C.
    cells : (h, w) if the classifier weighs every cell by itself, as after a flattening. None if it
        weighs the mean over the cells.
    """

    module: nn.Module
    channels: int
    cells: tuple[int, int] | None = None


def make_body(settings: TrainSettings) -> Body:
    """The network that the settings name, randomly initialised.

    Raises
    ------
    SetupError : torchvision does not work, or one's own network cannot be imported.
    UsageError : one's own network is no network, or gives other shapes.
    """
    if is_own(settings.network):
        module, shape, flatten = make_own(settings.network, settings.size)
        channels, *cells = shape
        return Body(module, channels, (cells[0], cells[1]) if flatten else None)
    assert settings.network == RESNET18
    backbone = make_backbone(
        settings.width,
        stages=settings.stages,
        blocks=settings.blocks,
        last_stride=settings.last_stride,
        zero_residual=settings.zero_residual,
    )
    return Body(backbone, settings.width << (settings.stages - 1))
