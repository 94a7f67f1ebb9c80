"""Composite: databases that are prepared together into one cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from raicl.data.database import Database, read_database
from raicl.data.locate import find_root

COMPOSITES = {"cde": ("casme2", "samm", "smic")}


def read_composite(
    name: str, roots: Mapping[str, Path | None], *, correct: bool = True
) -> Database:
    """Read every database of a composite, all clips of each: one cache serves every protocol.

    Parameters
    ----------
    name : one of `COMPOSITES`.
    roots : the folder by database; one that is None or absent is searched for.
    correct : apply the listed corrections.

    Raises
    ------
    InputError : one of them is missing or unusable; all are looked for before one is read.
    """
    found = {
        member: find_root(member, roots.get(member), option=f"--root-{member}")
        for member in COMPOSITES[name]
    }
    members = [read_database(key, root=root, correct=correct) for key, root in found.items()]
    return combine(name, members)


def combine(name: str, members: Sequence[Database]) -> Database:
    """Several databases as one, which remembers them as its members."""
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
