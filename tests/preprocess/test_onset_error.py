"""Preparing with onsets and offsets that are wrong by some frames."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from raicl.common.cache.flows import open_cache
from raicl.common.errors import ConflictError
from raicl.data.records import Database
from raicl.preprocess.annotation_error import misplace
from raicl.preprocess.prepare import ClipResult, prepare
from raicl.preprocess.sampling import foresee, outlook_table
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make


def annotated(database: Database, onset: int, offset: int) -> Database:
    """The database with other onsets and offsets, whose files lie around them."""
    footage = [
        dataclasses.replace(
            item,
            clip=dataclasses.replace(item.clip, onset=onset, offset=offset),
            frames=tuple(frame for frame in item.frames if onset <= frame.number <= offset),
        )
        for item in database.footage
    ]
    return dataclasses.replace(database, footage=tuple(footage))


def asking(settings: PrepSettings, **values: Any) -> PrepSettings:
    return PrepSettings(**(settings.model_dump() | values))


def moved_as(database: Database, settings: PrepSettings) -> Database:
    errors = {"onset_error": settings.onset_error, "offset_error": settings.offset_error}
    return misplace(database, **errors)


def prepare_wrong(
    database: Database, out: Path, settings: PrepSettings, *, overwrite: bool = False
) -> list[ClipResult]:
    return prepare(moved_as(database, settings), out, settings, overwrite=overwrite)


def test_an_error_makes_what_the_wrong_annotation_would_have_made(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    every = make_database(1, frames=20)  # files 96 … 115
    wrong = asking(quick, onset_error=-3, offset_error=2)
    prepare_wrong(annotated(every, 101, 111), tmp_path / "moved.h5", wrong)
    prepare(annotated(every, 98, 113), tmp_path / "wrong.h5", quick)
    moved, other = open_cache(tmp_path / "moved.h5"), open_cache(tmp_path / "wrong.h5")
    [record], [theirs] = moved.records, other.records
    # the shard is the same one: an error enters a fingerprint by what it changes alone
    assert (record.shard, record.digest, record.frames) == (
        theirs.shard,
        theirs.digest,
        theirs.frames,
    )
    assert record.clip == dataclasses.replace(theirs.clip, onset_error=-3, offset_error=2)
    assert record.numbers == tuple(range(98, 114))
    assert moved.settings == other.settings | {"onset_error": -3, "offset_error": 2}


def test_an_error_of_the_offset_alone_computes_no_flow_anew(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = annotated(make_database(2, frames=20), 100, 110), tmp_path / "flows.h5"
    every = asking(quick, sampling="all")
    prepare(database, out, every)
    rows = prepare_wrong(database, out, asking(every, offset_error=-4), overwrite=True)
    assert [row.status for row in rows] == ["reused", "reused"]
    rows = prepare_wrong(database, out, asking(every, onset_error=1), overwrite=True)
    assert [row.status for row in rows] == ["computed", "computed"]  # from another onset


def test_a_clip_without_the_frames_fails_alone_with_the_reason_and_is_foreseen(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = annotated(make_database(2, frames=20), 98, 110)
    first, second = database.footage
    late = dataclasses.replace(
        second,
        clip=dataclasses.replace(second.clip, onset=101),
        frames=second.frames[3:],
    )
    database = dataclasses.replace(database, footage=(first, late))
    wrong = asking(quick, onset_error=-3)
    rows = prepare_wrong(database, tmp_path / "flows.h5", wrong)
    assert [row.status for row in rows] == ["failed", "computed"]
    assert rows[0].reason == "its onset frame 95 is not on disk, where frames 96 to 115 are"
    outlook = foresee(moved_as(database, wrong).footage, wrong)
    assert outlook["unusable"] == [{"id": first.clip.id, "reason": rows[0].reason}]
    assert "onset_error -3" in outlook_table(outlook)
    [failure] = open_cache(tmp_path / "flows.h5").manifest.failures
    assert [failure.model_dump()] == outlook["unusable"]


def test_an_apex_outside_the_moved_clip_is_not_used(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = annotated(make_database(1, frames=20), 98, 110)
    [item] = database.footage
    item = dataclasses.replace(item, clip=dataclasses.replace(item.clip, apex=101))
    database = dataclasses.replace(database, footage=(item,))
    wrong = asking(quick, onset_error=5, sampling="apex")
    [row] = prepare_wrong(database, tmp_path / "flows.h5", wrong)
    assert row.record is not None
    assert row.record.clip.flags == ("apex-stand-in",)
    [footage] = moved_as(database, wrong).footage
    reason = foresee([footage], asking(wrong, sampling="decay"))["unusable"][0]["reason"]
    assert "the annotated one, frame 101, is not between onset and offset" in reason


def test_a_cache_without_the_error_is_not_replaced_and_the_default_says_nothing_of_it(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = annotated(make_database(1, frames=20), 100, 110), tmp_path / "flows.h5"
    prepare(database, out, quick)
    cache = open_cache(out)
    assert not {"onset_error", "offset_error"} & set(cache.settings)
    assert not {"onset_error", "offset_error"} & set(cache.records[0].clip.to_json())
    with pytest.raises(ConflictError, match="onset_error was None, now 2"):
        prepare_wrong(database, out, asking(quick, onset_error=2))


def test_a_database_that_was_not_moved_as_the_settings_say_is_refused(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="does not have the errors"):
        prepare(make_database(1), tmp_path / "flows.h5", asking(quick, offset_error=1))
