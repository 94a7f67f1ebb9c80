"""Selection: the part of a database for a small trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from raicl.common.errors import InputError, UsageError
from raicl.data.database import Database


def select(
    database: Database, *, subjects: Sequence[str] | None = None, limit: int | None = None
) -> Database:
    """The part of a database for a small trial.

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
    footage = tuple(item for part in left for item in part.footage)
    return replace(database, footage=footage, members=left if database.members else ())


def _part(database: Database, subjects: Sequence[str] | None, limit: int | None) -> Database:
    footage = [
        item
        for item in database.footage
        if subjects is None or not {item.clip.subject, item.clip.subject_key}.isdisjoint(subjects)
    ]
    return replace(database, footage=tuple(footage[:limit]))
