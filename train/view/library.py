"""Library: the clips of a source as plain values and pictures, addressed by their index."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.shards import Shard
from raicl.common.painting import Colours, encode_webp, lay_over, paint
from raicl.data.gallery.numbers import MEASURES
from raicl.train.inputs.instances import read_clip
from raicl.train.view.source import Floats, Judgement, Sight, Source, Viewed

_CLIPS = 4  # that are kept in memory


class NoSuchThing(LookupError):
    """There is no such clip, instance or layer."""


class Opened(NamedTuple):
    """A clip with everything that its pictures need.

    Attributes
    ----------
    instances : float32 (N, 3, S, S): u px, v px, strain.
    """

    viewed: Viewed
    shard: Shard
    instances: Floats
    sight: Sight | None


class Library:
    """The clips of a source. It may be asked from several threads.

    The last clips are kept in memory.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lock = Lock()  # five pictures of a clip are asked for at once: it is read once
        self._open = lru_cache(_CLIPS)(self._read)

    def listing(self) -> list[dict[str, object]]:
        """What clips are listed and filtered by, in the order of their indices."""
        return [
            {
                "id": viewed.stored.record.id,
                "subject": viewed.stored.record.subject_key,
                "classes": viewed.keys,
                "flags": list(viewed.stored.record.clip.flags),
                "right": None if (j := viewed.judged) is None else j.truth == j.predicted,
            }
            for viewed in self.source.clips
        ]

    def details(self, index: int) -> dict[str, object]:
        """A clip in words and numbers.

        Raises
        ------
        NoSuchThing : there is no such clip.
        InputError : its shard is missing or damaged, or the weights of its fold are.
        """
        opened = self._clip(index)
        (cache, record), flow = opened.viewed.stored, opened.instances[:, :2]
        lengths = np.hypot(flow[:, 0], flow[:, 1]).mean((1, 2)).tolist()
        quality = opened.shard.quality
        return {
            "id": record.id,
            "emotion": record.clip.emotion,
            "onset": record.clip.onset,
            "apex": record.clip.apex,
            "offset": record.clip.offset,
            "flags": list(record.clip.flags),
            "frames": list(record.frames),
            "numbered": record.clip.numbered,
            "px": cache.measure.px,
            "middle": record.middle,
            "flow": lengths if cache.measure.zero else [],
            "strain": opened.instances[:, 2].mean((1, 2)).tolist(),
            "quality": {} if quality is None else quality.to_json(),
            "judged": _judged(opened.viewed.judged),
            "reaches": reaches(opened),
        }

    def picture(self, index: int, row: int, layer: str) -> bytes:
        """One layer of one instance, as a WebP of the size of the crop.

        Raises
        ------
        NoSuchThing : there is no such clip, instance or layer.
        InputError : see `details`.
        """
        opened = self._clip(index)
        if not 0 <= row < len(opened.instances):
            raise NoSuchThing(f"instance {row}")
        return encode_webp(draw(opened, row, layer), quality=85)

    def _clip(self, index: int) -> Opened:
        if not 0 <= index < len(self.source.clips):
            raise NoSuchThing(f"clip {index}")
        with self._lock:
            return self._open(index)

    def _read(self, index: int) -> Opened:
        viewed = self.source.clips[index]
        cache, record = viewed.stored
        shard = read_clip(cache, record)
        instances = shard.instances.astype(np.float32)
        return Opened(viewed, shard, instances, self.source.look(viewed, shard))


def layers_of(source: Source) -> dict[str, str]:
    """The layers that each instance of a source has, with their titles."""
    found = {"u": "u, right", "v": "v, down", "strain": "strain"}
    if any(viewed.stored.record.clip.numbered for viewed in source.clips):
        found = {"onset": "onset"} | found
    if source.regions is not None:
        found["class-map"] = "class map"
        found |= {f"region-{n}": f"region {n}" for n in range(1, source.regions + 1)}
    return found


def measure_names() -> dict[str, str]:
    """The numbers of a clip's quality with their units, for people, by their names."""
    return {name: f"{m.name}, {m.unit}" for name, m in MEASURES.items()}


def reaches(opened: Opened) -> dict[str, float]:
    """The value with the last colour of each kind of layer: the clip's largest."""
    found = {
        "flow": float(np.abs(opened.instances[:, :2]).max()),
        "strain": float(opened.instances[:, 2].max()),
    }
    if opened.sight is not None:
        found["class-map"] = float(np.abs(opened.sight.maps).max())
        if opened.sight.assignment is not None:
            found["region"] = float(opened.sight.assignment.max())
    return found


def draw(opened: Opened, row: int, layer: str) -> NDArray[np.uint8]:
    """A layer of an instance, (S, S) grey or (S, S, 3).

    All instances of a clip have the same colours, so that one sees the motion grow and fade.

    Raises
    ------
    NoSuchThing : there is no such layer, or no network.
    """
    reach, face = reaches(opened), opened.shard.backdrop
    u, v, strain = opened.instances[row]
    zero = opened.viewed.stored.cache.measure.zero
    colours: Colours = "RdBu_r" if zero else "viridis"  # without a zero there are no two sides
    layers: dict[str, Callable[[], NDArray[np.uint8]]] = {
        "onset": lambda: face,
        "u": lambda: paint(u, colours, reach=reach["flow"], signed=zero),
        "v": lambda: paint(v, colours, reach=reach["flow"], signed=zero),
        "strain": lambda: paint(strain, "magma", reach=reach["strain"]),
    }
    if (sight := opened.sight) is not None:
        layers["class-map"] = lambda: lay_over(
            face, sight.maps[row], "RdBu_r", reach=reach["class-map"], signed=True
        )
        regions = () if sight.assignment is None else sight.assignment[row]
        for number, region in enumerate(regions, 1):
            layers[f"region-{number}"] = lambda region=region: lay_over(  # type: ignore[misc]
                face, region, "viridis", reach=reach["region"]
            )
    if layer not in layers:
        raise NoSuchThing(f"layer {layer}")
    return layers[layer]()


def _judged(judged: Judgement | None) -> dict[str, object] | None:
    return None if judged is None else vars(judged)
