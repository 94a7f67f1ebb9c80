"""Compose: opens caches, checks that they belong together, and labels their clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from raicl.common.cache.flows import Cache, StoredClip, no_clips, open_cache
from raicl.common.errors import InputError
from raicl.common.order import natural_key
from raicl.common.sampling.sample import SamplingSettings
from raicl.common.terminal.wording import counted
from raicl.common.video import is_own_video
from raicl.data.protocols.protocol import Protocol
from raicl.train.clips.composite import Composite, check_classes

_WHICH_CLIPS = {"short"}  # chooses clips, not how an instance is made
_WHICH_FRAMES = {"sampling", *SamplingSettings.model_fields}


def compose(
    paths: Sequence[Path],
    protocol: Protocol,
    *,
    test: Sequence[Path] = (),
    as_prepared: bool = True,
) -> Composite:
    """Open caches and label their clips. Only the indices are read.

    Parameters
    ----------
    test : caches of databases that are only tested. If there are any, `paths` are only trained on.
    as_prepared : train on the frames that stage 1 sampled. Otherwise the run samples anew, and the
        caches may differ in their sampling.

    Raises
    ------
    InputError : a cache is unusable, empty, of own videos, or was prepared differently from the
        first, a clip is in two caches, the protocol has no rule for a database, the databases have
        different classes, or fewer than two are left.
    """
    caches = tuple(open_cache(path) for path in (*paths, *test))
    for cache in caches:
        if not cache.records:
            raise no_clips(cache)
    tested = _tested(caches[: len(paths)], caches[len(paths) :])
    ignored = _WHICH_CLIPS if as_prepared else _WHICH_CLIPS | _WHICH_FRAMES
    for cache in caches[1:]:
        _check_comparable(caches[0], cache, ignored)
    found = _collect(caches)
    classes = protocol.shared_classes(record.clip.dataset for _, record in found)
    _check_covered(protocol, found)
    labelled = [(stored, protocol.label(stored.record.clip)) for stored in found]
    composite = Composite(
        caches=caches,
        protocol=protocol,
        classes=classes,
        records={stored.record.id: stored for stored, label in labelled if label is not None},
        labels={stored.record.id: label for stored, label in labelled if label is not None},
        outside=Counter(
            protocol.outsider(stored.record.clip) for stored, label in labelled if label is None
        ),
        tested=tested,
    )
    check_classes(composite)
    return composite


def _tested(train: Sequence[Cache], test: Sequence[Cache]) -> frozenset[str]:
    """Databases that are only tested. None of them may be in a cache that is trained on."""
    trained, tested = (
        {record.clip.dataset for cache in caches for record in cache.records}
        for caches in (train, test)
    )
    if both := sorted(trained & tested):
        raise InputError(
            f"database {both[0]} would be trained on and tested",
            where=", ".join(str(cache.path) for cache in (*train, *test)),
            fix="give each database on one side, or leave out --test to hold out its subjects",
        )
    return frozenset(tested)


def _collect(caches: Sequence[Cache]) -> list[StoredClip]:
    """Every clip with its cache, in natural order of the ids."""
    found: dict[str, StoredClip] = {}
    for cache in caches:
        for record in cache.records:
            if is_own_video(record.clip):
                raise InputError(
                    "clips of own videos have no emotion: nothing can be learnt or scored",
                    where=str(cache.path),
                    fix=f"classify them: raicl predict MODEL {cache.path}",
                )
            if record.id in found:
                raise InputError(
                    f"clip {record.id} is in two caches",
                    where=f"{found[record.id].cache.path}, {cache.path}",
                    fix="give each database once",
                )
            found[record.id] = StoredClip(cache, record)
    return [found[key] for key in sorted(found, key=natural_key)]


def _check_covered(protocol: Protocol, found: Sequence[StoredClip]) -> None:
    """Check that no database would vanish from the run as a whole."""
    counts = Counter(record.clip.dataset for _, record in found)
    unknown = sorted(name for name in counts if not protocol.covers(name))
    if unknown:
        name = unknown[0]
        near = get_close_matches(name.casefold(), protocol.databases, 1, 0.5)
        others = f", nor for {', '.join(unknown[1:])}" if unknown[1:] else ""
        raise InputError(
            f"protocol {protocol.name} has no rule for {name} "
            f"({counted(counts[name], 'clip')}){others}",
            where=str(next(s.cache.path for s in found if s.record.clip.dataset == name)),
            fix=f"did the writer of the cache mean {near[0]}?"
            if near
            else "leave its cache out, or choose another --protocol",
        )


def _check_comparable(first: Cache, other: Cache, ignored: set[str]) -> None:
    """Check that the instances of both caches were made alike, or scaling would mix two units."""
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
