"""Audit: what a database on disk would give, as plain values, without reading pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TypedDict, final

from raicl.common.clip import Clip
from raicl.data.protocols.agreement import compare_published, whole_list
from raicl.data.protocols.protocol import PROTOCOLS, Protocol, load_protocol
from raicl.data.records import Database, Footage

VERSION = 1  # of what is printed: raised when a key changes its meaning or goes


class ClipAudit(TypedDict):
    """One usable clip; `n_frames` counts those on disk from onset to offset."""

    id: str
    subject: str
    emotion: str
    onset: int
    apex: int | None
    offset: int
    n_frames: int
    flags: list[str]
    labels: dict[str, str | None]


class ExpectedCounts(TypedDict):
    """Published counts of the complete database."""

    subjects: int | None
    classes: dict[str, int]


class DifferenceRow(TypedDict):
    """One published number and the number found (see `raicl.data.protocols.agreement`)."""

    what: str
    expected: int | tuple[int, ...]
    found: int | tuple[int, ...]


class ProtocolCounts(TypedDict):
    """Clips of one protocol.

    `expected` holds the published counts, if there are any. `differences` are the published
    numbers that are not met. `official` says whether the clips are the official list, if there is
    one. A part of a database is not compared.
    """

    clips: int
    subjects: int
    classes: dict[str, int]
    expected: ExpectedCounts | None
    differences: list[DifferenceRow]
    official: bool | None


class Counts(TypedDict):
    """Totals of an audit."""

    clips: int
    subjects: int
    skipped: int
    emotions: dict[str, int]
    flags: dict[str, int]
    protocols: dict[str, ProtocolCounts]


@final  # so that mypy tells the two kinds of audit apart by their keys
class Audit(TypedDict):
    """What ``--dry-run --json`` prints. `part` is true after ``--limit`` or ``--subjects``."""

    version: int
    dataset: str
    root: str
    layout: str
    sheet: str
    part: bool
    clips: list[ClipAudit]
    skipped: list[dict[str, str]]
    corrections: list[dict[str, str]]
    counts: Counts


@final
class CompositeAudit(TypedDict):
    """What ``--dry-run --json`` prints for several databases.

    `official` says for each protocol whether all clips together are the official list.
    """

    version: int
    dataset: str
    databases: list[Audit]
    official: dict[str, bool]


def audit(database: Database, *, part: bool = False) -> Audit:
    """The plain values of a database, with each clip's class in every built-in protocol.

    Parameters
    ----------
    part : whether only a selection of the clips is here, to which no published count applies.
    """
    clips = [item.clip for item in database.footage]
    return {
        "version": VERSION,
        "dataset": database.name,
        "root": str(database.root),
        "layout": database.layout,
        "sheet": database.sheet,
        "part": part,
        "clips": [_audit_clip(item) for item in database.footage],
        "skipped": [asdict(item) for item in database.skipped],
        "corrections": [asdict(item) for item in database.corrections],
        "counts": {
            "clips": len(clips),
            "subjects": len({clip.subject_key for clip in clips}),
            "skipped": len(database.skipped),
            "emotions": _count(clip.emotion for clip in clips),
            "flags": _count(flag for clip in clips for flag in clip.flags),
            "protocols": audit_protocols(database.name, clips, part=part),
        },
    }


def audit_protocols(
    dataset: str, clips: Sequence[Clip], *, part: bool = False
) -> dict[str, ProtocolCounts]:
    """Counts of `clips` (at least one) under each built-in protocol with a rule for `dataset`."""
    return {
        protocol.name: _audit_protocol(protocol, dataset, clips, part)
        for protocol in map(load_protocol, PROTOCOLS)
        if protocol.covers(dataset)
    }


def audit_composite(database: Database, *, part: bool = False) -> CompositeAudit:
    """The audits of a database's members, and the verdict on all members together."""
    clips = [item.clip for item in database.footage]
    verdicts = {
        name: None if part else whole_list(load_protocol(name), clips) for name in PROTOCOLS
    }
    return {
        "version": VERSION,
        "dataset": database.name,
        "databases": [audit(member, part=part) for member in database.members],
        "official": {name: verdict for name, verdict in verdicts.items() if verdict is not None},
    }


def contradictions(found: Audit | CompositeAudit) -> list[str]:
    """``dataset/protocol`` for each pair that does not meet what is published."""
    if "databases" in found:
        return [row for item in found["databases"] for row in contradictions(item)]
    return [
        f"{found['dataset']}/{name}"
        for name, protocol in found["counts"]["protocols"].items()
        if protocol["differences"] or protocol["official"] is False
    ]


def _audit_clip(item: Footage) -> ClipAudit:
    clip = item.clip
    return {
        "id": clip.id,
        "subject": clip.subject,
        "emotion": clip.emotion,
        "onset": clip.onset,
        "apex": clip.apex,
        "offset": clip.offset,
        "n_frames": len(item.frames),
        "flags": list(clip.flags),
        "labels": {name: load_protocol(name).class_name(clip) for name in PROTOCOLS},
    }


def _audit_protocol(
    protocol: Protocol, dataset: str, clips: Sequence[Clip], part: bool
) -> ProtocolCounts:
    inside = [clip for clip in clips if protocol.label(clip) is not None]
    classes = Counter(protocol.class_name(clip) for clip in inside)
    expected = protocol.expected(dataset, clips[0].sheet)
    agreement = None if part else compare_published(protocol, dataset, clips)
    return {
        "clips": len(inside),
        "subjects": len({clip.subject_key for clip in inside}),
        "classes": {name: classes[name] for name in protocol.classes_of(dataset)},
        "expected": None
        if expected is None
        else {"subjects": expected.subjects, "classes": expected.classes},
        "differences": []
        if agreement is None
        else [
            {"what": row.what, "expected": row.expected, "found": row.found}
            for row in agreement.differences
        ],
        "official": None if agreement is None else agreement.official,
    }


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
