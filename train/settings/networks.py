"""The networks that can be chosen by name, as far as settings must know them."""

from __future__ import annotations

import re
from typing import NamedTuple

LEAST = 14  # px: the smallest input of any network
RESNET18 = "resnet18"

_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


class Named(NamedTuple):
    """A network that is part of raicl.

    Attributes
    ----------
    least : smallest side of its input, px.
    has_map : whether its features have places. Without, there is nothing that IRC and MRD compare.
    """

    least: int = LEAST
    has_map: bool = True


# `resnet18` depends on its stages, see `least_size`
NETWORKS: dict[str, Named] = {
    RESNET18: Named(),
    "ststnet": Named(),
    "off-apexnet": Named(has_map=False),
    "dual-inception": Named(has_map=False),
    "linear": Named(),
}


def is_own(network: str) -> bool:
    """Whether the network is one's own, ``package.module:factory``."""
    return _FACTORY.fullmatch(network) is not None


def check_name(network: str) -> str:
    """The name, if it is that of a network or of a factory.

    Raises
    ------
    ValueError : it is neither.
    """
    if network not in NETWORKS and not is_own(network):
        raise ValueError(f"none of {', '.join(NETWORKS)}, and no package.module:factory")
    return network


def least_size(network: str, *, stages: int, last_stride: int) -> int:
    """Smallest side of the input, px. ResNet18 must give a map of two cells at least.

    Parameters
    ----------
    stages, last_stride : settings of ResNet18. Its stride is 4 after the first stage, and each
        further stage doubles it, the last one by its own stride.
    """
    if network == RESNET18:
        return max(LEAST, (last_stride << stages) + 1)
    return NETWORKS[network].least if network in NETWORKS else LEAST


def has_map(network: str) -> bool:
    """Whether the network has a map. Of one's own network it is not known before it is made."""
    return network not in NETWORKS or NETWORKS[network].has_map
