"""The networks that can be chosen by name, as far as settings must know them."""

from __future__ import annotations

import re
from typing import NamedTuple

LEAST = 14  # px: the smallest input of any network
RESNET18, SMALL = "resnet18", "small"  # whose width can be chosen

_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


class Named(NamedTuple):
    """A network that is part of raicl.

    Attributes
    ----------
    has_map : whether its features have places. Without, there is nothing that IRC and MRD compare.
    """

    has_map: bool = True


NETWORKS: dict[str, Named] = {
    RESNET18: Named(),
    "ststnet": Named(),
    "off-apexnet": Named(has_map=False),
    "dual-inception": Named(has_map=False),
    "linear": Named(),
    SMALL: Named(),
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


def has_map(network: str) -> bool:
    """Whether the network has a map. Of one's own network it is not known before it is made."""
    return network not in NETWORKS or NETWORKS[network].has_map
