"""Composite: the clips of one or several caches under one protocol."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raicl.common.cache.flows import Cache, StoredClip, digest_instances, open_cache
from raicl.common.clip import Clip
from raicl.common.errors import InputError
from raicl.common.order import natural_key
from raicl.common.sampling.sample import FLAGS, SamplingSettings
from raicl.common.terminal.wording import counted
from raicl.common.video import is_own_video
from raicl.data.protocols.agreement import official_lines, published_lines
from raicl.data.protocols.protocol import Protocol


@dataclass(frozen=True, kw_only=True)
class Composite:
    """What a run trains and tests on.

    Attributes
    ----------
    caches : as given on the command line.
    protocol : which emotion belongs to which class.
    classes : classes of the protocol for these databases, in the order of their indices.
    records : clips inside the protocol by id, in natural order, each with the cache that holds it.
        The order and the number of the caches make no difference.
    labels : class index by clip id.
    outside : number of clips that the protocol leaves out, by emotion.
    left_out : by clip id, why a clip cannot be sampled as the run asks.
    fitted : by clip id, the rows in its cache that the scale is fitted on. Empty if these are the
        rows that are trained on.
    tested : keys of databases that are only tested. If there are any, the others are only trained
        on.
    """

    caches: tuple[Cache, ...]
    protocol: Protocol
    classes: tuple[str, ...]
    records: dict[str, StoredClip]
    labels: dict[str, int]
    outside: Counter[str]
    left_out: dict[str, str] = field(default_factory=dict)
    fitted: dict[str, tuple[int, ...]] = field(default_factory=dict)
    tested: frozenset[str] = frozenset()

    @property
    def clips(self) -> list[Clip]:
        """Every clip inside the protocol."""
        return [record.clip for _, record in self.records.values()]

    @property
    def flagged(self) -> Counter[str]:
        """Number of clips that were sampled otherwise than asked, by flag."""
        return Counter(flag for clip in self.clips for flag in clip.flags if flag in FLAGS)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Keys of the databases, sorted."""
        return tuple(sorted({clip.dataset for clip in self.clips}))

    @property
    def digest(self) -> str:
        """Digest of all instances, whether databases share a cache or have one each."""
        return digest_instances(record for cache in self.caches for record in cache.records)

    @property
    def labels_digest(self) -> str:
        """SHA-256 of the decisions about the clips: classes, each clip's class, and its side."""
        decided: dict[str, object] = {"classes": self.classes, "labels": self.labels}
        splits = {clip.id: clip.split for clip in self.clips if clip.split}
        if splits:
            decided["splits"] = splits
        if self.tested:
            decided["tested"] = sorted(self.tested)
        return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()

    @property
    def sheets(self) -> dict[str, str]:
        """Version of the annotation by database, where there are versions."""
        found = {(clip.dataset, clip.sheet) for clip in self.clips if clip.sheet}
        versions: dict[str, list[str]] = {}
        for dataset, sheet in sorted(found):
            versions.setdefault(dataset, []).append(sheet)
        return {dataset: ", ".join(names) for dataset, names in versions.items()}

    @property
    def official(self) -> list[str]:
        """Lines that say whether the clips are the official list of the protocol."""
        return official_lines(self.protocol, self._every_clip())

    @property
    def unmet(self) -> list[str]:
        """Lines with the published counts that differ from those of the clips."""
        return published_lines(self.protocol, self._every_clip())

    def subjects(self, clips: Sequence[str]) -> dict[str, str]:
        """``dataset/subject`` by clip id."""
        return {clip: self.records[clip][1].subject_key for clip in clips}

    def trains(self, clip: Clip) -> bool:
        """Whether some fold may train on a clip."""
        return clip.trained and clip.dataset not in self.tested

    def tests(self, clip: Clip) -> bool:
        """Whether some fold tests a clip."""
        return clip.tested and (not self.tested or clip.dataset in self.tested)

    @property
    def split(self) -> str:
        """What is trained on and what is tested, in words. Empty if both are every clip."""
        clips = self.clips
        trained = [clip.id for clip in clips if self.trains(clip)]
        tested = [clip.id for clip in clips if self.tests(clip)]
        if len(trained) == len(tested) == len(clips):
            return ""
        return (
            f"{counted(len(trained), 'clip')} to train on ({self.shown_counts(trained)}), "
            f"{len(tested)} to test ({self.shown_counts(tested)})"
        )

    def shown_counts(self, clips: Sequence[str]) -> str:
        """The counts of `class_counts` in words: ``24 negative, 24 positive, 24 surprise``."""
        counts = zip(self.classes, self.class_counts(clips), strict=True)
        return ", ".join(f"{n} {name}" for name, n in counts)

    def class_counts(self, clips: Sequence[str]) -> list[int]:
        """How many of `clips` each class has."""
        counts = Counter(self.labels[clip] for clip in clips)
        return [counts[label] for label in range(len(self.classes))]

    def _every_clip(self) -> list[Clip]:
        records = (record for cache in self.caches for record in cache.records)
        return [record.clip for record in records if record.id not in self.left_out]


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
    InputError : a cache is unusable, of own videos, or was prepared differently from the first, a
        clip is in two caches, the databases have different classes, or fewer than two are left.
    """
    caches = tuple(open_cache(path) for path in (*paths, *test))
    tested = _tested(caches[: len(paths)], caches[len(paths) :])
    ignored = _WHICH_CLIPS if as_prepared else _WHICH_CLIPS | _WHICH_FRAMES
    for cache in caches[1:]:
        _check_comparable(caches[0], cache, ignored)
    found = _collect(caches)
    classes = protocol.shared_classes(record.clip.dataset for _, record in found)
    labelled = [(stored, protocol.label(stored.record.clip)) for stored in found]
    composite = Composite(
        caches=caches,
        protocol=protocol,
        classes=classes,
        records={stored.record.id: stored for stored, label in labelled if label is not None},
        labels={stored.record.id: label for stored, label in labelled if label is not None},
        outside=Counter(stored.record.clip.emotion for stored, label in labelled if label is None),
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


def check_classes(composite: Composite) -> None:
    """Check that there are classes to tell apart.

    Raises
    ------
    InputError : fewer than two classes have clips to train on.
    """
    trained = [clip.id for clip in composite.clips if composite.trains(clip)]
    if sum(count > 0 for count in composite.class_counts(trained)) < 2:
        reasons = Counter(composite.left_out.values()).most_common(1)
        first = f"; {counted(reasons[0][1], 'clip')} left out: {reasons[0][0]}" if reasons else ""
        raise InputError(
            f"protocol {composite.protocol.name} needs clips of two classes, "
            f"found {composite.shown_counts(trained)}{first}",
            where=", ".join(str(cache.path) for cache in composite.caches),
            fix="choose another --protocol or --sampling, or prepare more clips",
        )
