"""Leaks: instances and frames that are identical, byte for byte, on both sides of a fold."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard
from raicl.common.terminal.progress import progress
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold

_SHOWN = 3  # pairs of clips that are listed per pair of subjects
Content = tuple[str, bytes]  # its kind, and its SHA-256


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two clips with common content, of which a fold trains on one and tests the other.

    Attributes
    ----------
    subjects : ``dataset/subject`` of each.
    instances, frames : number of instances and of frames that both clips have.
    example : frame number of one common content, in the first and in the second clip.
    """

    clips: tuple[str, str]
    subjects: tuple[str, str]
    instances: int
    frames: int
    example: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Leaks:
    """What was compared and what was found.

    Attributes
    ----------
    still : number of instances that are zero everywhere. Any clip without motion has them, so they
        are not compared.
    """

    clips: int
    instances: int
    still: int
    pairs: tuple[Pair, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


def find_leaks(composite: Composite, folds: Sequence[Fold]) -> Leaks:
    """Read every shard once and compare all its instances and frames, trained on or not.

    Raises
    ------
    InputError : a shard is damaged.
    """
    holders: dict[Content, dict[str, int]] = {}  # by content: frame number in each clip
    counts: Counter[str] = Counter()
    with progress(len(composite.records), "looking for duplicates") as shown:
        for id, (cache, record) in composite.records.items():
            shard = cache.read(record)
            for content, number in _contents(shard, counts):
                holders.setdefault(content, {}).setdefault(id, number)
            shown.advance()
    return Leaks(
        clips=len(composite.records),
        instances=counts["instance"],
        still=counts["still"],
        pairs=_pairs(composite, folds, holders),
    )


def _contents(shard: Shard, counts: Counter[str]) -> Iterator[tuple[Content, int]]:
    """Every instance and frame that is evidence, with its frame's number. Updates `counts`."""
    digests = [None] * len(shard.frames) if shard.frame_digests is None else shard.frame_digests
    rows = zip(shard.instances, digests, shard.frames.tolist(), strict=True)
    for instance, frame, number in rows:
        counts["instance"] += 1
        if instance.any():
            yield ("instance", hashlib.sha256(instance.tobytes()).digest()), number
        else:
            counts["still"] += 1
        if frame is not None:
            yield ("frame", frame.tobytes()), number


def _pairs(
    composite: Composite, folds: Sequence[Fold], holders: dict[Content, dict[str, int]]
) -> tuple[Pair, ...]:
    trained, tested = _sides(folds)
    shared: dict[tuple[str, str], Counter[str]] = {}
    examples: dict[tuple[str, str], tuple[int, int]] = {}
    for (kind, _), clips in holders.items():
        for one, other in combinations(clips, 2):
            if tested[one] & trained[other] or tested[other] & trained[one]:
                shared.setdefault((one, other), Counter())[kind] += 1
                examples.setdefault((one, other), (clips[one], clips[other]))
    pairs = [
        Pair(
            clips=clips,
            subjects=(
                composite.records[clips[0]][1].subject_key,
                composite.records[clips[1]][1].subject_key,
            ),
            instances=kinds["instance"],
            frames=kinds["frame"],
            example=examples[clips],
        )
        for clips, kinds in shared.items()
    ]
    return tuple(sorted(pairs, key=lambda pair: (pair.subjects, pair.clips)))


def _sides(folds: Sequence[Fold]) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """The folds that train on a clip, and those that test it, by clip id."""
    trained: dict[str, set[int]] = defaultdict(set)
    tested: dict[str, set[int]] = defaultdict(set)
    for fold in folds:
        for clip in fold.train:
            trained[clip].add(fold.index)
        for clip in fold.test:
            tested[clip].add(fold.index)
    return trained, tested


def describe_leaks(leaks: Leaks) -> str:
    """The text of ``raicl leaks``: pairs by subjects, with the first examples."""
    lines = [
        f"{leaks.clips} clips, {leaks.instances} instances with their frames, byte for byte; "
        f"{leaks.still} still instances are no evidence and were set aside"
    ]
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in leaks.pairs:
        groups.setdefault(pair.subjects, []).append(pair)
    for (one, other), pairs in groups.items():
        instances = sum(pair.instances for pair in pairs)
        frames = sum(pair.frames for pair in pairs)
        lines.append(
            f"{one} and {other}: {len(pairs)} pairs of clips share {instances} instances, "
            f"{frames} frames"
        )
        for pair in pairs[:_SHOWN]:
            (first, second), (number, again) = pair.clips, pair.example
            lines.append(f"  {first} frame {number} = {second} frame {again}")
    return "\n".join(lines if groups else [*lines, "nothing is on both sides of a fold"])


def identical_in(composite: Composite, folds: Sequence[Fold] | None = None) -> list[list[str]]:
    """`identical_clips` of those inside the protocol.

    Parameters
    ----------
    folds : only the groups with a clip that one of these tests. None for all groups.
    """
    groups = identical_clips(stored.record for stored in composite.records.values())
    if folds is None:
        return groups
    tested = {clip for fold in folds for clip in fold.test}
    return [group for group in groups if not tested.isdisjoint(group)]


def identical_clips(records: Iterable[ClipRecord]) -> list[list[str]]:
    """Groups of clip ids whose shards have the same content under several subjects.

    A shard's digest covers instances, frame numbers, the digests of the frames' files, the onset
    face, the alignment and what made them. It covers neither the subject nor the clip's name. The
    index holds it, so no shard is read. Only `find_leaks` finds a copy under other frame numbers.
    """
    groups: dict[str, list[ClipRecord]] = {}
    for record in records:
        groups.setdefault(record.digest, []).append(record)
    return [
        [record.id for record in group]
        for group in groups.values()
        if len({record.subject_key for record in group}) > 1
    ]
