"""Composite: the clips of one or several caches under one protocol."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from raicl.common.cache.flows import Cache, StoredClip, digest_instances
from raicl.common.cache.measure import Measure
from raicl.common.clip import Clip
from raicl.common.errors import InputError
from raicl.common.implausible import IMPLAUSIBLE
from raicl.common.sampling.sample import FLAGS
from raicl.common.terminal.wording import counted
from raicl.data.protocols.agreement import official_lines, published_lines
from raicl.data.protocols.exclusions import idle_exclusions
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
    outside : number of clips that the protocol leaves out, by emotion, and by what they lack.
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
    def measure(self) -> Measure:
        """What the numbers of the flow mean: the same in all caches, or they were refused."""
        return self.caches[0].measure

    @property
    def flagged(self) -> Counter[str]:
        """Number of clips that were sampled otherwise than asked or are implausible, by flag."""
        told = (*FLAGS, *IMPLAUSIBLE)
        return Counter(flag for clip in self.clips for flag in clip.flags if flag in told)

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

    @property
    def idle_exclusions(self) -> list[str]:
        """Lines with what the protocol excludes and no clip of the caches is."""
        records = (record for cache in self.caches for record in cache.records)
        return idle_exclusions(self.protocol, [record.clip for record in records])

    def at_absolute_paths(self) -> Composite:
        """The same clips in caches that a process with another working directory finds."""
        caches = {id(cache): cache.at(cache.path.absolute()) for cache in self.caches}
        return replace(
            self,
            caches=tuple(caches.values()),
            records={
                clip: stored._replace(cache=caches[id(stored.cache)])
                for clip, stored in self.records.items()
            },
        )

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


def check_classes(composite: Composite) -> None:
    """Check that there are classes to tell apart.

    Raises
    ------
    InputError : fewer than two classes have clips to train on.
    """
    trained = [clip.id for clip in composite.clips if composite.trains(clip)]
    if sum(count > 0 for count in composite.class_counts(trained)) < 2:
        reasons = [
            *(f"{counted(n, 'clip')} left out: {why}" for why, n in _most(composite.left_out)),
            *(f"{counted(n, 'clip')} outside: {why}" for why, n in composite.outside.most_common()),
        ]
        raise InputError(
            f"protocol {composite.protocol.name} needs clips of two classes, "
            f"found {'; '.join([composite.shown_counts(trained), *reasons[:_SHOWN]])}",
            where=", ".join(str(cache.path) for cache in composite.caches),
            fix=_sampling_fix(composite)
            or "choose another --protocol or --sampling, or prepare more clips",
        )


_SHOWN = 3  # reasons that are named


def _most(left_out: Mapping[str, str]) -> list[tuple[str, int]]:
    return Counter(left_out.values()).most_common()


def _sampling_fix(composite: Composite) -> str:
    """What to do if clips vanish because nobody knows which of their instances is the apex."""
    clips = (record.clip for cache in composite.caches for record in cache.records)
    if not composite.left_out or all(clip.numbered for clip in clips):
        return ""
    return (
        "if each flow leads to its apex, say so: raicl-prep import --frame apex; "
        "else give --sampling cache"
    )
