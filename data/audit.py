"""Audit: what a database on disk would give, as plain values and as text; no pixel is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TypedDict

from raicl.common.clip import Clip
from raicl.data.annotation import printable
from raicl.data.database import Database, Footage
from raicl.data.protocols import PROTOCOLS, Protocol, load_protocol


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


class ProtocolCounts(TypedDict):
    """Clips of one protocol; `expected` holds the published counts, where there are any."""

    clips: int
    subjects: int
    classes: dict[str, int]
    expected: ExpectedCounts | None


class Counts(TypedDict):
    """Totals of an audit."""

    clips: int
    subjects: int
    skipped: int
    emotions: dict[str, int]
    flags: dict[str, int]
    protocols: dict[str, ProtocolCounts]


class Audit(TypedDict):
    """What ``--dry-run --json`` prints."""

    dataset: str
    root: str
    layout: str
    sheet: str
    clips: list[ClipAudit]
    skipped: list[dict[str, str]]
    corrections: list[dict[str, str]]
    counts: Counts


def audit(database: Database) -> Audit:
    """The plain values of a database, with each clip's class in every built-in protocol."""
    protocols = [load_protocol(name) for name in PROTOCOLS]
    clips = [item.clip for item in database.footage]
    return {
        "dataset": database.name,
        "root": str(database.root),
        "layout": database.layout,
        "sheet": database.sheet,
        "clips": [_audit_clip(item, protocols) for item in database.footage],
        "skipped": [asdict(item) for item in database.skipped],
        "corrections": [asdict(item) for item in database.corrections],
        "counts": {
            "clips": len(clips),
            "subjects": len({clip.subject_key for clip in clips}),
            "skipped": len(database.skipped),
            "emotions": _count(clip.emotion for clip in clips),
            "flags": _count(flag for clip in clips for flag in clip.flags),
            "protocols": {
                protocol.name: _audit_protocol(protocol, clips, database)
                for protocol in protocols
                if protocol.covers(database.name)
            },
        },
    }


def audit_table(found: Audit) -> str:
    """An audit for people: totals, classes beside what is expected, and every skipped clip."""
    counts = found["counts"]
    sheet = f", sheet of {found['sheet']}" if found["sheet"] else ""
    lines = [
        f"{found['dataset']} ({found['layout']}{sheet}): {counts['clips']} clips of "
        f"{counts['subjects']} subjects, {counts['skipped']} skipped",
        f"  emotions  {_list(counts['emotions'])}",
    ]
    if counts["flags"]:
        lines.append(f"  flags     {_list(counts['flags'])}")
    for name, protocol in counts["protocols"].items():
        lines += _protocol_lines(name, protocol)
    for row in found["corrections"]:
        lines.append(
            f"  corrected {row['id']}: {row['field']} {row['annotated']} -> {row['used']} "
            f"({row['reason']}; {row['source']})"
        )
    width = max((len(row["id"]) for row in found["skipped"]), default=0)
    lines += [f"  skipped   {row['id']:{width}}  {row['reason']}" for row in found["skipped"]]
    return "\n".join(lines)


def _audit_clip(item: Footage, protocols: Sequence[Protocol]) -> ClipAudit:
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
        "labels": {protocol.name: _class_name(protocol, clip) for protocol in protocols},
    }


def _class_name(protocol: Protocol, clip: Clip) -> str | None:
    label = protocol.label(clip)
    return None if label is None else protocol.classes[label]


def _audit_protocol(
    protocol: Protocol, clips: Sequence[Clip], database: Database
) -> ProtocolCounts:
    inside = [clip for clip in clips if protocol.label(clip) is not None]
    classes = Counter(_class_name(protocol, clip) for clip in inside)
    expected = protocol.expected(database.name, database.sheet)
    return {
        "clips": len(inside),
        "subjects": len({clip.subject_key for clip in inside}),
        "classes": {name: classes[name] for name in protocol.classes},
        "expected": None
        if expected is None
        else {"subjects": expected.subjects, "classes": expected.classes},
    }


def _count(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _protocol_lines(name: str, protocol: ProtocolCounts) -> list[str]:
    lines = [
        f"  {name:9} {protocol['clips']} clips of {protocol['subjects']} subjects: "
        f"{_list(protocol['classes'])}"
    ]
    expected = protocol["expected"]
    if expected is None:
        return lines
    classes = expected["classes"]
    differs = protocol["classes"] != {c: classes.get(c, 0) for c in protocol["classes"]}
    if differs or expected["subjects"] not in (None, protocol["subjects"]):
        subjects = "" if expected["subjects"] is None else f" of {expected['subjects']} subjects"
        lines.append(f"  {'':9} expected {sum(classes.values())} clips{subjects}: {_list(classes)}")
    return lines


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {printable(name)}" for name, n in counts.items())
