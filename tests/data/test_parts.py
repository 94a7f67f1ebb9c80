"""The part of a database for a small trial."""

from dataclasses import replace
from pathlib import Path

import pytest

from raicl.data.database import read_database
from raicl.data.miniature.samm import write_samm
from raicl.data.parts import part_of
from raicl.data.records import Correction, Database, Skipped


@pytest.fixture
def database(tmp_path: Path) -> Database:
    write_samm(tmp_path)
    found = read_database("samm", root=tmp_path)
    corrections = tuple(
        Correction(f"samm/{clip}", "apex", "1", "2", "a reason", "a source")
        for clip in ("006/006_1_2", "011/011_3_9")
    )
    skipped = (*found.skipped, Skipped("samm/006/../../etc", "no folder"))
    return replace(found, corrections=corrections, skipped=skipped)


@pytest.mark.parametrize("subject", ["006", "samm/006"])
def test_what_was_skipped_or_corrected_of_other_people_is_not_told_of_a_part(
    database: Database, subject: str
) -> None:
    part = part_of(database, subjects=[subject])
    assert {item.clip.subject for item in part.footage} == {"006"}
    assert [row.id for row in part.skipped] == ["samm/006/../../etc"]
    assert [row.id for row in part.corrections] == ["samm/006/006_1_2"]


def test_a_limit_keeps_the_first_clips_and_their_corrections(database: Database) -> None:
    part = part_of(database, limit=1)
    assert [item.clip.id for item in part.footage] == ["samm/006/006_1_2"]
    assert [row.id for row in part.corrections] == ["samm/006/006_1_2"]
    assert part.skipped == database.skipped
