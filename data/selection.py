"""Selection: the part of a database for a small trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from raicl.common.errors import InputError, UsageError
from raicl.data.composite import combine
from raicl.data.database import Database


def select(
    database: Database, *, subjects: Sequence[str] | None = None, limit: int | None = None
) -> Database:
    """The part of a database for a small trial, with what was skipped of its subjects.

    Parameters
    ----------
    subjects : as the database writes them, or ``dataset/subject``.
    limit : clips, of each member where there are several.

    Raises
    ------
    UsageError : a subject the database does not have.
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
    parts = [_part(one, subjects, limit) for one in database.parts]
    left = tuple(part for part in parts if part.footage)
    if not left:
        raise InputError(
            f"no clip is left of {database.name}",
            where=str(database.root),
            fix="give other --subjects or a larger --limit",
        )
    return combine(database.name, left) if database.members else left[0]


def _part(database: Database, subjects: Sequence[str] | None, limit: int | None) -> Database:
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
