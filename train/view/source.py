"""Source: the clips that are browsed, of a cache or of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.flows import StoredClip, open_cache
from raicl.common.cache.shards import Shard
from raicl.data.gallery.page import class_key
from raicl.data.gallery.tiles import classes_of

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a run says of a clip that it tested.

    Attributes
    ----------
    probabilities : by class.
    fold : the fold that tested it, whose network is shown.
    tested : which instances the run tested, in words.
    """

    truth: str
    predicted: str
    probabilities: dict[str, float]
    fold: str
    tested: str


class Sight(NamedTuple):
    """Where a network looks in every instance of a clip.

    Attributes
    ----------
    maps : class maps of the predicted class, (N, h, w), signed.
    assignment : how much of each cell belongs to each region, (N, M, h, w). None without MRD.
    """

    maps: Floats
    assignment: Floats | None


class Viewed(NamedTuple):
    """A clip that is browsed. `judged` is None in a cache."""

    stored: StoredClip
    judged: Judgement | None

    @property
    def keys(self) -> list[str]:
        """What it is filtered by: its true class in the run, or emotion and classes (a cache)."""
        if self.judged is not None:
            return [class_key(self.judged.truth)]
        clip = self.stored.record.clip
        named = [class_key(label, protocol) for protocol, label in classes_of(clip).items()]
        return [class_key(clip.emotion), *named]


class Source(Protocol):
    """Clips to browse, in their order.

    Attributes
    ----------
    name : for people.
    clips : at least one.
    regions : number of regions that the networks find, 0 without MRD; None if there is no network,
        or one without a map.
    """

    name: str
    clips: Sequence[Viewed]
    regions: int | None

    def look(self, viewed: Viewed, shard: Shard) -> Sight | None:
        """Where the network of the clip's fold looks in it. None if there is no network.

        Raises
        ------
        InputError : the weights of the fold are missing or changed.
        """


class CacheSource:
    """The clips of a cache."""

    regions: int | None = None

    def __init__(self, path: Path) -> None:
        cache = open_cache(path)
        self.name = path.name
        self.clips: Sequence[Viewed] = [
            Viewed(StoredClip(cache, record), None) for record in cache.records
        ]

    def look(self, viewed: Viewed, shard: Shard) -> Sight | None:
        """There is no network."""
        return None
