"""Tiles: what the gallery shows of each clip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.flows import Cache, not_finite
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard
from raicl.common.clip import Clip
from raicl.common.drawing import matplotlib
from raicl.common.pages import data_uri
from raicl.common.painting import Colours, encode_webp, paint
from raicl.common.terminal.progress import progress
from raicl.data.gallery.numbers import Concern, concerns
from raicl.data.protocols.protocol import PROTOCOLS, load_protocol

SIDE = 144  # px of a picture: 860 clips with three each have 10 MB
_QUALITY = 80


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What is read of a clip's shard.

    Attributes
    ----------
    face, flow, strain : data URIs of the aligned onset, and of |flow| and strain averaged over the
        instances. That of the face is empty if nobody has it, and that of the flow if nobody knows
        its zero.
    dots : the landmarks on the face, as the path of an SVG in px of the crop; empty if the cache
        has none.
    flow_reach, strain_reach : the largest value of the two, which has the last colour: px, and
        without a unit.
    numbers : those of the quality that are known, and ``flow`` and ``strain``: the means over all
        instances and pixels.
    """

    face: str
    dots: str
    flow: str
    strain: str
    flow_reach: float
    strain_reach: float
    numbers: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A clip of the gallery.

    Attributes
    ----------
    classes : its class in every built-in protocol that counts it, by protocol.
    """

    record: ClipRecord
    classes: dict[str, str]
    measured: Measured
    concern: Concern


def tiles_of(cache: Cache) -> list[Tile]:
    """A tile for every clip, the one of the greatest concern first.

    Raises
    ------
    InputError : a shard is missing or damaged.
    SetupError : matplotlib is not installed.
    """
    measured = _measure_all(cache)
    found = concerns(
        [clip.numbers for clip in measured], [record.clip.flags for record in cache.records]
    )
    tiles = [
        Tile(record=record, classes=classes_of(record.clip), measured=clip, concern=concern)
        for record, clip, concern in zip(cache.records, measured, found, strict=True)
    ]
    return sorted(tiles, key=lambda tile: -tile.concern.score)  # equal ones keep the cache's order


def classes_of(clip: Clip) -> dict[str, str]:
    """The clip's class in every built-in protocol that counts it, by protocol."""
    found = {name: load_protocol(name).class_name(clip) for name in PROTOCOLS}
    return {name: label for name, label in found.items() if label is not None}


def _measure_all(cache: Cache) -> Sequence[Measured]:
    matplotlib()  # loaded once, before the threads ask for it
    with (
        progress(len(cache.records), "reading clips") as shown,
        ThreadPoolExecutor(os.cpu_count() or 1) as pool,
    ):
        found = []
        try:
            for clip in pool.map(partial(measure, cache), cache.records):
                found.append(clip)
                shown.advance()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # a damaged shard ends the command at once
            raise
    return found


def measure(cache: Cache, record: ClipRecord) -> Measured:
    """Read a clip's shard and draw its pictures.

    Raises
    ------
    InputError : the shard is missing or damaged, or holds a NaN or an infinity.
    SetupError : matplotlib is not installed.
    """
    shard = cache.read(record)
    u, v, strain = np.moveaxis(shard.instances.astype(np.float32), 1, 0)
    flow_map = np.hypot(u, v).mean(0)
    strain_map = strain.mean(0)
    if not np.isfinite(flow_map).all() or not np.isfinite(strain_map).all():
        raise not_finite(cache, record)
    flow = {"flow": float(flow_map.mean())} if cache.measure.zero else {}
    known = {} if shard.quality is None else shard.quality.to_json()
    return Measured(
        face=_face(shard),
        dots="" if shard.landmarks is None else dots(shard.landmarks),
        flow=_painted(flow_map, "viridis") if cache.measure.zero else "",
        strain=_painted(strain_map, "magma"),
        flow_reach=float(flow_map.max()),
        strain_reach=float(strain_map.max()),
        numbers=known | flow | {"strain": float(strain_map.mean())},
    )


def _face(shard: Shard) -> str:
    if shard.onset_face is None:
        return ""
    return data_uri(encode_webp(shard.onset_face, side=SIDE, quality=_QUALITY), "image/webp")


def dots(landmarks: NDArray[np.float32]) -> str:
    """Landmarks (K, 2) px as lines of no length, which round ends make visible."""
    return "".join(f"M{x:.0f} {y:.0f}h0" for x, y in landmarks)


def _painted(values: NDArray[np.float32], colours: Colours) -> str:
    picture = paint(values, colours, reach=float(values.max()))
    return data_uri(encode_webp(picture, side=SIDE, quality=_QUALITY), "image/webp")
