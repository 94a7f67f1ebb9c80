"""Combine databases into one, and select a part of a database for a small trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from raicl.common.errors import InputError, UsageError
from raicl.data.database import read_database
from raicl.data.disk.locate import find_root
from raicl.data.records import Database

COMPOSITES = {"cde": ("casme2", "samm", "smic")}


def read_composite(
    name: str, roots: Mapping[str, Path | None], *, correct: bool = True
) -> Database:
    """Read all clips of every database of a composite, so that one cache serves every protocol.

    Parameters
    ----------
    name : one of `COMPOSITES`.
    roots : folders by database; a folder that is None or absent is searched for.
    correct : whether to apply the listed corrections.

    Raises
    ------
    InputError : a database is missing or unusable. All are found before the first is read.
    """
    found = {
        member: find_root(member, roots.get(member), option=f"--root-{member}")
        for member in COMPOSITES[name]
    }
    members = [read_database(key, root=root, correct=correct) for key, root in found.items()]
    return combine(name, members)


def combine(name: str, members: Sequence[Database]) -> Database:
    """Combine several databases into one, which keeps them as its members."""
    return Database(
        name=name,
        root=members[0].root,
        layout=" + ".join(member.layout for member in members),
        sheet=" + ".join(member.sheet or "-" for member in members),
        footage=tuple(item for member in members for item in member.footage),
        skipped=tuple(item for member in members for item in member.skipped),
        corrections=tuple(item for member in members for item in member.corrections),
        members=tuple(members),
    )


def part_of(
    database: Database, *, subjects: Sequence[str] | None = None, limit: int | None = None
) -> Database:
    """Select a part of a database for a small trial, with the skipped clips of its subjects.

    Parameters
    ----------
    subjects : subjects to keep, as the database writes them or as ``dataset/subject``.
    limit : number of clips to keep, from each member if there are several.

    Raises
    ------
    UsageError : the database has no such subject.
    InputError : no clip is left.
    """
    clips = [item.clip for item in database.footage]
    known = {clip.subject for clip in clips} | {clip.subject_key for clip in clips}
    unknown = [subject for subject in subjects or () if subject not in known]
    if unknown:
        raise UsageError(
            f"no subject {unknown[0]!r} with clips in {database.name}",
            fix="one of " + ", ".join(sorted({clip.subject for clip in clips})),
        )
    parts = [_subjects_of(one, subjects, limit) for one in database.parts]
    left = tuple(part for part in parts if part.footage)
    if not left:
        raise InputError(
            f"no clip is left of {database.name}",
            where=str(database.root),
            fix="give other --subjects or a larger --limit",
        )
    return combine(database.name, left) if database.members else left[0]


def _subjects_of(database: Database, subjects: Sequence[str] | None, limit: int | None) -> Database:
    footage, skipped = database.footage, database.skipped
    if subjects is not None:
        start = f"{database.name}/"
        keys = {start + subject.removeprefix(start) for subject in subjects}
        footage = tuple(item for item in footage if item.clip.subject_key in keys)
        skipped = tuple(row for row in skipped if "/".join(row.id.split("/")[:2]) in keys)
    footage = footage[:limit]
    left = {item.clip.id for item in footage}
    corrections = tuple(row for row in database.corrections if row.id in left)
    return replace(database, footage=footage, skipped=skipped, corrections=corrections)
