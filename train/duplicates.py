"""Duplicates: the same content under two subjects, which would be trained on and tested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from raicl.common.cache.record import ClipRecord
from raicl.common.terminal.wording import counted

_SHOWN = 3  # groups that are told by name


def identical_clips(records: Iterable[ClipRecord]) -> list[list[str]]:
    """Ids of clips of several subjects whose shards hold the same, in groups.

    A shard's digest covers instances, frame numbers, the digests of the frames' files, the onset
    face, the alignment and what made them; neither the subject nor the clip's name. It is in the
    index, so this reads no shard; a copy under other frame numbers is found by `find_leaks` alone.
    """
    groups: dict[str, list[ClipRecord]] = {}
    for record in records:
        groups.setdefault(record.digest, []).append(record)
    return [
        [record.id for record in group]
        for group in groups.values()
        if len({record.subject_key for record in group}) > 1
    ]


def describe_identical(groups: Sequence[Sequence[str]]) -> str:
    """`identical_clips` in words."""
    if not groups:
        return "no clip under two subjects"
    named = "; ".join(" = ".join(group) for group in groups[:_SHOWN])
    more = f"; and {len(groups) - _SHOWN} more" if groups[_SHOWN:] else ""
    return f"{counted(len(groups), 'clip')} under several subjects: {named}{more}"
