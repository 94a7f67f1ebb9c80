"""Onsets and offsets moved on purpose: which frames, under which id, and what cannot be moved."""

import dataclasses
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from raicl.common.clip import Clip
from raicl.data.database import read_database
from raicl.data.miniature.casme3 import write_casme3
from raicl.data.parts import combine
from raicl.data.protocols.protocol import load_protocol
from raicl.data.records import Database, Footage
from raicl.preprocess.annotation_error import misplace
from tests.data.conftest import ROWS, put_tree, table, workbook

SHEET = "CASME2-coding-20140508.xlsx"


def read(root: Path, layout: str) -> Database:
    put_tree(root, layout)
    (root / SHEET).write_bytes(workbook(table()))
    return read_database("casme2", root=root)


def numbers(item: Footage) -> list[int]:
    return [frame.number for frame in item.frames]


@pytest.mark.parametrize(("early", "late"), [(-1, 1), (1, -1), (-1, 0), (0, 1), (2, 0), (0, -3)])
def test_the_frames_are_those_of_the_moved_annotation_and_nothing_else_changes(
    tmp_path: Path, early: int, late: int
) -> None:
    database = read(tmp_path, "raw-full")
    moved = misplace(database, onset_error=early, offset_error=late)
    assert len(moved.footage) == len(ROWS)
    for before, after in zip(database.footage, moved.footage, strict=True):
        assert after.problem == ""
        onset, offset = before.clip.onset + early, before.clip.offset + late
        assert numbers(after) == list(range(onset, offset + 1))
        assert (after.clip.onset, after.clip.offset) == (onset, offset)
        assert after.clip.id == before.clip.id
        kept = ("emotion", "apex", "fps", "sheet", "flags")
        assert all(getattr(after.clip, k) == getattr(before.clip, k) for k in kept)


def test_moving_twice_is_moving_once_and_there_is_a_way_back(tmp_path: Path) -> None:
    database = read(tmp_path, "raw-full")
    moved = misplace(database, onset_error=1, offset_error=-1)
    assert misplace(moved, onset_error=1, offset_error=-1) == moved
    assert misplace(moved, onset_error=0, offset_error=0) == database
    assert misplace(database, onset_error=0, offset_error=0) == database


@pytest.mark.parametrize(
    ("early", "late", "reason"),
    [
        (-1, 0, "its onset frame 4 is not on disk, where frames 5 to 14 are"),
        (0, 1, "its offset, moved to frame 15, is not on disk"),
        (9, 0, "its onset, moved to 14, is not before its offset 14"),
        (5, -5, "its onset, moved to 10, is not before its offset 9"),
    ],
)
def test_a_clip_without_the_frames_is_not_moved_a_part_of_the_way_but_says_why(
    tmp_path: Path, early: int, late: int, reason: str
) -> None:
    database = read(tmp_path, "raw-selected")  # no frame outside onset..offset
    moved = misplace(database, onset_error=early, offset_error=late)
    assert moved.footage[0].problem == reason
    assert moved.footage[0].frames == database.footage[0].frames
    assert moved.footage[0].clip.id == database.footage[0].clip.id


def test_a_clip_that_is_named_by_its_onset_keeps_its_name(tmp_path: Path) -> None:
    write_casme3(tmp_path)
    database = read_database("casme3", root=tmp_path)
    named = [item.clip.id for item in database.footage]
    assert any(f"@{item.clip.onset}" in item.clip.id for item in database.footage)
    moved = misplace(database, onset_error=1, offset_error=0)
    assert [item.clip.id for item in moved.footage] == named
    again = TypeAdapter(Clip).validate_python(moved.footage[0].clip.to_json())
    assert (again, again.id) == (moved.footage[0].clip, named[0])


def test_flags_of_the_frames_are_found_anew(tmp_path: Path) -> None:
    database = read(tmp_path, "raw-selected")
    first, *others = database.footage
    first.frames[2].path.unlink()
    first.frames[-1].path.unlink()
    gap = dataclasses.replace(first.clip, flags=("corrected-apex", "truncated", "frame-gap"))
    item = dataclasses.replace(first, clip=gap, frames=(*first.frames[:2], *first.frames[3:-1]))
    database = dataclasses.replace(database, footage=(item, *others))
    for early, late, flags in (
        (1, 0, ("corrected-apex", "truncated", "frame-gap")),
        (3, -1, ("corrected-apex",)),
        (2, 0, None),
    ):
        found = misplace(database, onset_error=early, offset_error=late).footage[0]
        if flags is None:
            assert "onset frame 7 is not on disk" in found.problem
        else:
            assert (found.clip.flags, found.problem) == (flags, "")


def test_a_clip_stays_in_its_protocol_where_the_onset_is_moved_onto_its_apex(
    tmp_path: Path,
) -> None:
    database = read(tmp_path, "raw-full")
    protocol = load_protocol("cde")
    clip = database.footage[0].clip
    assert clip.apex is not None
    label = protocol.label(clip)
    assert label is not None
    moved = misplace(database, onset_error=clip.apex - clip.onset, offset_error=0)
    assert moved.footage[0].clip.onset == clip.apex
    assert protocol.label(moved.footage[0].clip) == label


def test_every_member_of_a_composite_is_moved_in_its_own_root(tmp_path: Path) -> None:
    one, two = read(tmp_path / "a", "raw-full"), read(tmp_path / "b", "raw-full")
    moved = misplace(combine("both", [one, two]), onset_error=-1, offset_error=0)
    assert [part.root for part in moved.parts] == [one.root, two.root]
    assert not any(item.problem for item in moved.footage)
    assert numbers(moved.footage[0])[0] == one.footage[0].clip.onset - 1
