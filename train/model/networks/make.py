"""READ FIRST. Make the network that the settings name, without its classifier.

A body turns inputs (B, 3, S, S) into features (B, C, h, w). A linear classifier follows, which is
raicl's for every network, so that class maps (IRC) and regions (MRD) mean the same with each. Where
a paper flattens its last map before the last layer, that layer weighs every cell by itself. Where
it has hidden layers after that, the last of them is the features, with a single cell and no map.
"""

from __future__ import annotations

from collections.abc import Callable

from raicl.train.model.networks.body import Body
from raicl.train.model.networks.dual_inception import make_dual_inception
from raicl.train.model.networks.linear import make_linear
from raicl.train.model.networks.members import join
from raicl.train.model.networks.off_apexnet import make_off_apexnet
from raicl.train.model.networks.own import make_own
from raicl.train.model.networks.resnet18 import make_backbone
from raicl.train.model.networks.small import make_small
from raicl.train.model.networks.ststnet import make_ststnet
from raicl.train.settings import TrainSettings
from raicl.train.settings.networks import SMALL, is_own

# by the side of the input, px
_PUBLISHED: dict[str, Callable[[int], Body]] = {
    "ststnet": make_ststnet,
    "off-apexnet": make_off_apexnet,
    "dual-inception": make_dual_inception,
    "linear": make_linear,
}


def make_body(settings: TrainSettings) -> Body:
    """The network that the settings name, or its `members` as one, randomly initialised.

    Raises
    ------
    SetupError : torchvision does not work, or one's own network cannot be imported.
    UsageError : one's own network does not keep the protocol.
    """
    return join([_make_member(settings) for _ in range(settings.members)])


def _make_member(settings: TrainSettings) -> Body:
    if is_own(settings.network):
        module, (channels, h, w), flatten = make_own(settings.network, settings.size)
        return Body(module, channels, (h, w) if flatten else None)
    if settings.network in _PUBLISHED:
        return _PUBLISHED[settings.network](settings.size)
    if settings.network == SMALL:
        return make_small(settings.size, settings.width)
    backbone = make_backbone(
        settings.width,
        stages=settings.stages,
        blocks=settings.blocks,
        last_stride=settings.last_stride,
        zero_residual=settings.zero_residual,
    )
    return Body(backbone, settings.width << (settings.stages - 1))
