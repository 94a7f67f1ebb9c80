"""Composite: the clips of one or several caches under one protocol."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raicl.common.clip import Clip
from raicl.common.errors import InputError
from raicl.common.flows import Cache, open_cache
from raicl.common.record import ClipRecord
from raicl.data.protocols import Protocol


@dataclass(frozen=True, kw_only=True)
class Composite:
    """What a run trains and tests on.

    Attributes
    ----------
    caches : as given on the command line.
    protocol : the classes, and which emotion belongs to which.
    records : the clips inside the protocol by id, each with the cache that holds it.
    labels : class index by clip id.
    outside : clips by emotion that the protocol leaves out.
    left_out : why, by clip id, the others cannot be sampled as the run asks.
    """

    caches: tuple[Cache, ...]
    protocol: Protocol
    records: dict[str, tuple[Cache, ClipRecord]]
    labels: dict[str, int]
    outside: Counter[str]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def clips(self) -> list[Clip]:
        """Every clip inside the protocol."""
        return [record.clip for _, record in self.records.values()]

    @property
    def datasets(self) -> tuple[str, ...]:
        """Keys of the databases, sorted."""
        return tuple(sorted({clip.dataset for clip in self.clips}))

    @property
    def digest(self) -> str:
        """Digest of all instances, whatever the order of the caches."""
        digests = sorted(cache.digest for cache in self.caches)
        return (
            digests[0]
            if len(digests) == 1
            else hashlib.sha256("".join(digests).encode()).hexdigest()
        )

    def class_counts(self, clips: Sequence[str]) -> list[int]:
        """How many of `clips` each class has."""
        counts = Counter(self.labels[clip] for clip in clips)
        return [counts[label] for label in range(len(self.protocol.classes))]


_WHICH_CLIPS = {"short"}  # and not how an instance is made
_WHICH_FRAMES = {"sampling", "n_frames", "window", "sampling_seed"}


def compose(paths: Sequence[Path], protocol: Protocol, *, as_prepared: bool = True) -> Composite:
    """Open caches and label their clips; nothing is read but the indices.

    Parameters
    ----------
    as_prepared : the run trains on the frames that were sampled; else it samples anew, and the
        caches may differ in that.

    Raises
    ------
    InputError : a cache is unusable or prepared otherwise than the first, a clip is in two of
        them, or fewer than two classes are left.
    """
    caches = tuple(open_cache(path) for path in paths)
    ignored = _WHICH_CLIPS if as_prepared else _WHICH_CLIPS | _WHICH_FRAMES
    for cache in caches[1:]:
        _check_comparable(caches[0], cache, ignored)
    records: dict[str, tuple[Cache, ClipRecord]] = {}
    labels: dict[str, int] = {}
    outside: Counter[str] = Counter()
    for cache in caches:
        for record in cache.records:
            label = protocol.label(record.clip)
            if label is None:
                outside[record.clip.emotion] += 1
                continue
            if record.id in records:
                raise InputError(
                    f"clip {record.id} is in two caches",
                    where=f"{records[record.id][0].path}, {cache.path}",
                    fix="give each database once",
                )
            records[record.id] = cache, record
            labels[record.id] = label
    composite = Composite(
        caches=caches, protocol=protocol, records=records, labels=labels, outside=outside
    )
    check_classes(composite)
    return composite


def _check_comparable(first: Cache, other: Cache, ignored: set[str]) -> None:
    """Instances of one composite must have been made alike, or scaling mixes two units."""
    ours, theirs = ({**cache.settings, "size": cache.size} for cache in (first, other))
    keys = sorted(
        key for key in (ours | theirs).keys() - ignored if ours.get(key) != theirs.get(key)
    )
    if keys:
        values = "; ".join(f"{key}: {ours.get(key)!r} and {theirs.get(key)!r}" for key in keys)
        raise InputError(
            f"two caches were prepared differently ({values})",
            where=f"{first.path}, {other.path}",
            fix="run raicl-prep for both with the same options",
        )


def check_classes(composite: Composite) -> None:
    """Make sure that there is something to tell apart.

    Raises
    ------
    InputError : fewer than two classes have clips.
    """
    counts = composite.class_counts(list(composite.records))
    if sum(count > 0 for count in counts) < 2:
        classes = composite.protocol.classes
        found = ", ".join(f"{n} {name}" for name, n in zip(classes, counts, strict=True))
        raise InputError(
            f"protocol {composite.protocol.name} needs clips of two classes, found {found}",
            where=", ".join(str(cache.path) for cache in composite.caches),
            fix="choose another --protocol or --sampling, or prepare more clips",
        )
