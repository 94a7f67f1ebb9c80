"""Preparing with each sampling: which frames, which for inference alone, what is flagged."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from raicl.common.cache.manifest import Reason
from raicl.common.cache.record import ClipRecord
from raicl.common.errors import ConflictError, PartialError
from raicl.common.sampling.frames import SAMPLINGS
from raicl.data.records import Database
from raicl.preprocess.flow.engine import Floats, compute_flow
from raicl.preprocess.prepare import prepare
from raicl.preprocess.sampling import foresee, outlook_table
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make


def with_clips(database: Database, *changes: dict[str, Any]) -> Database:
    """The database with one change of annotation per clip."""
    footage = tuple(
        dataclasses.replace(item, clip=dataclasses.replace(item.clip, **change))
        for item, change in zip(database.footage, changes, strict=True)
    )
    return dataclasses.replace(database, footage=footage)


def asking(settings: PrepSettings, **values: Any) -> PrepSettings:
    return PrepSettings(**(settings.model_dump() | values))


def record_of(database: Database, out: Path, settings: PrepSettings) -> ClipRecord:
    prepare(database, out, settings)
    [record] = open_cache(out).records
    return record


class Counting:
    """The engine, and how many frames' flow each computed clip asked of it, in turn."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, onset: Floats, frames: list[Floats], settings: PrepSettings) -> Floats:
        self.asked.append(len(frames))
        return compute_flow(onset, frames, settings)


@pytest.mark.parametrize(
    ("sampling", "trained", "inference"),
    [  # onset 96, offset 115, T = 20: the middle frame is number 105
        ("middle", [103, 104, 105, 106], 105),
        ("all", list(range(97, 116)), 105),
        ("uniform", [97, 103, 109, 115], 105),
        ("activation", [97, 98, 99, 100], 105),
        ("decay", [107, 108, 109, 110], 105),
        ("apex", [101], 101),
        ("apex-centred", [99, 100, 101, 102], 105),
    ],
)
def test_a_cache_holds_what_is_trained_on_and_the_frame_of_inference(
    make_database: Make,
    quick: PrepSettings,
    tmp_path: Path,
    sampling: str,
    trained: list[int],
    inference: int,
) -> None:
    database = with_clips(make_database(1, frames=20), {"apex": 101})
    record = record_of(database, tmp_path / "flows.h5", asking(quick, sampling=sampling))
    assert [record.frames[row] for row in record.train_rows] == trained
    assert record.frames[record.middle] == inference
    assert set(record.frames) == {*trained, inference}
    # the made clip moves on, and is far from its onset at the end
    assert set(record.clip.flags) <= {"large-motion"}


def test_a_fixed_draw_is_the_same_in_any_company(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, settings = make_database(2, frames=20), asking(quick, sampling="random")
    prepare(database, tmp_path / "two.h5", settings)
    alone = dataclasses.replace(database, footage=database.footage[1:])
    second = open_cache(tmp_path / "two.h5").records[1]
    assert record_of(alone, tmp_path / "one.h5", settings) == second
    assert len(second.train_rows) == 4
    other = record_of(alone, tmp_path / "seed.h5", asking(settings, sampling_seed=1))
    assert other.frames != second.frames


def test_a_clip_without_an_apex_fails_alone_with_the_reason_or_its_middle_stands_in(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = with_clips(make_database(2, frames=12), {"apex": 101}, {"apex": None})
    for sampling in ("activation", "decay"):
        out = tmp_path / f"{sampling}.h5"
        rows = prepare(database, out, asking(quick, sampling=sampling))
        assert [row.status for row in rows] == ["computed", "failed"]
        [failure] = open_cache(out).manifest.failures
        assert failure.id == database.footage[1].clip.id
        assert "needs an apex, and none is annotated" in failure.reason
    prepare(database, tmp_path / "apex.h5", asking(quick, sampling="apex"))
    first, second = open_cache(tmp_path / "apex.h5").records
    assert (first.frames, first.clip.flags) == ((101,), ())
    assert (second.frames, second.clip.flags) == ((101,), ("apex-stand-in",))  # m = 5
    prepare(database, tmp_path / "around.h5", asking(quick, sampling="apex-centred"))
    first, second = open_cache(tmp_path / "around.h5").records
    assert (second.frames, second.clip.flags) == (first.frames, ("apex-stand-in",))


def test_after_all_every_sampling_is_served_without_a_new_flow(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = with_clips(make_database(2, frames=12), {"apex": 101}, {"apex": 103})
    out = tmp_path / "flows.h5"
    flow = Counting()
    prepare(database, out, asking(quick, sampling="all"), flow=flow)
    assert flow.asked == [11, 11]
    flow.asked.clear()
    for sampling in (name for name in SAMPLINGS if name != "all"):
        settings = asking(quick, sampling=sampling)
        rows = prepare(database, out, settings, overwrite=True, flow=flow)
        assert {row.status for row in rows} <= {"reused", "cached"}
        assert flow.asked == []
        fresh = tmp_path / f"{sampling}.h5"
        assert {row.status for row in prepare(database, fresh, settings)} == {"computed"}
        assert out.read_bytes() == fresh.read_bytes()


def test_after_the_middle_all_computes_the_missing_frames_only(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(1, frames=12), tmp_path / "flows.h5"
    flow = Counting()
    prepare(database, out, quick, flow=flow)
    [middle] = open_cache(out).records
    before = open_cache(out).read(middle)
    rows = prepare(database, out, asking(quick, sampling="all"), overwrite=True, flow=flow)
    assert [row.status for row in rows] == ["computed"]
    assert flow.asked == [4, 11 - 4]
    [every] = open_cache(out).records
    held = open_cache(out).read(every)
    where = np.isin(held.frames, before.frames)
    np.testing.assert_array_equal(held.instances[where], before.instances)


def test_another_sampling_of_the_same_output_is_refused_by_name(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out = make_database(1, frames=20), tmp_path / "flows.h5"
    prepare(database, out, quick)
    for values, said in (
        ({"sampling": "uniform"}, "sampling was middle, now uniform"),
        ({"window": "fraction:0.5"}, r"window was None, now fraction:0\.5"),
        ({"middle_at": 0.25}, r"middle_at was None, now 0\.25"),
        ({"frame_rate": 50}, r"frame_rate was None, now 50\.0"),
        ({"short": "skip"}, "short was None, now skip"),
    ):
        with pytest.raises(ConflictError, match=said):
            prepare(database, out, asking(quick, **values))


def test_a_default_index_says_no_more_than_it_did_before_there_were_samplings(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    prepare(make_database(1), tmp_path / "flows.h5", quick)
    settings = open_cache(tmp_path / "flows.h5").settings
    assert (settings["sampling"], settings["n_frames"]) == ("middle", 4)
    assert not {"window", "middle_at", "frame_rate", "short", "sampling_seed"} & set(settings)


@pytest.fixture
def long_and_short(make_database: Make) -> Database:
    """A clip of 8 frames and one of 3, where four instances are wanted."""
    long, short = make_database(1), make_database(2, name="short", frames=3)
    item = short.footage[1]
    short_clip = dataclasses.replace(item, clip=dataclasses.replace(item.clip, name="brief"))
    return dataclasses.replace(long, footage=(*long.footage, short_clip))


def test_a_short_clip_is_used_skipped_or_failed_as_asked(
    long_and_short: Database, quick: PrepSettings, tmp_path: Path
) -> None:
    brief = long_and_short.footage[1].clip.id
    reason = "short: 2 frames after the onset, the sampling wants 4"
    why = (Reason(id=brief, reason=reason),)
    found = {}
    for short in ("use", "skip", "error"):
        rows = prepare(long_and_short, tmp_path / f"{short}.h5", asking(quick, short=short))
        found[short] = rows[1].status
        cache = open_cache(tmp_path / f"{short}.h5")
        assert cache.manifest.skipped == (why if short == "skip" else ())
        assert cache.manifest.failures == (why if short == "error" else ())
        if short == "use":
            assert cache.records[1].clip.flags == ("short-clip",)
    assert found == {"use": "computed", "skip": "skipped", "error": "failed"}


def test_a_window_in_seconds_needs_the_frame_rate_of_each_clip(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    changes = [{"fps": 100.0}, {"fps": 50.0}, {"fps": None}]
    database = with_clips(make_database(3, frames=12), *changes)
    out = tmp_path / "flows.h5"
    rows = prepare(database, out, asking(quick, window="seconds:0.04"))
    assert [row.status for row in rows] == ["computed", "computed", "failed"]
    assert "no frame rate" in rows[2].reason
    fast, slow = open_cache(out).records
    assert (fast.frames, slow.frames) == ((99, 100, 101, 102), (100, 101))
    assert slow.clip.flags == ()  # narrow, not short
    assert open_cache(out).settings["window"] == "seconds:0.04"


def test_a_slower_camera_fails_the_clips_it_cannot_serve_and_counts_short_what_is_left(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    changes = [{"fps": 200.0}, {"fps": None}, {"fps": 25.0}]
    database = with_clips(make_database(3, frames=12), *changes)
    slow = asking(quick, frame_rate=50, short="error")
    reasons = [row.reason for row in prepare(database, tmp_path / "a.h5", asking(slow, n_frames=2))]
    assert reasons[0] == ""
    assert "no frame rate is known" in reasons[1]
    assert "above the camera's 25" in reasons[2]
    [record] = open_cache(tmp_path / "a.h5").records
    assert record.frames == (100, 104)  # of 96 … 107
    assert open_cache(tmp_path / "a.h5").settings["frame_rate"] == 50
    with pytest.raises(PartialError, match=r"short: 2 frames after the onset, .* wants 4"):
        prepare(database, tmp_path / "b.h5", slow)


def test_no_index_is_written_when_every_clip_is_skipped(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    with pytest.raises(PartialError, match=r"none of 1 clips.*short: 2 frames"):
        prepare(make_database(1, frames=3), tmp_path / "x.h5", asking(quick, short="skip"))
    assert not (tmp_path / "x.h5").exists()


def test_the_outlook_is_what_a_preparation_gives(
    long_and_short: Database, make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    changes: list[dict[str, Any]] = [{"apex": 97}, {"apex": None}]
    database = with_clips(long_and_short, *changes)
    for values in (
        {"sampling": "activation"},
        {"sampling": "apex"},
        {"sampling": "uniform", "short": "skip"},
        {"sampling": "uniform", "short": "error"},
        {"sampling": "middle", "middle_at": 0.2},
    ):
        settings = asking(quick, **values)
        outlook = foresee(database.footage, settings)
        out = tmp_path / f"{'-'.join(map(str, values.values()))}.h5"
        prepare(database, out, settings)
        cache = open_cache(out)
        assert outlook["clips"] == len(cache.records)
        assert outlook["instances"] == sum(len(record.frames) for record in cache.records)
        assert outlook["skipped"] == [row.model_dump() for row in cache.manifest.skipped]
        assert outlook["unusable"] == [row.model_dump() for row in cache.manifest.failures]
        flags = [flag for record in cache.records for flag in record.clip.flags]
        assert outlook["flags"] == {flag: flags.count(flag) for flag in sorted(flags)}


def test_the_outlook_names_every_clip_that_is_left_out(
    long_and_short: Database, quick: PrepSettings
) -> None:
    database = with_clips(long_and_short, {"apex": 97}, {"apex": None})
    shown = outlook_table(foresee(database.footage, asking(quick, sampling="activation")))
    assert "sampling activation, n_frames 4, short use" in shown
    assert "1 clip, 2 instances: 1 phase-fallback, 1 unusable" in shown
    assert f"{database.footage[1].clip.id}  sampling activation needs an apex" in shown


def test_frames_of_the_same_bytes_keep_their_own_numbers_when_reused(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database = make_database(1, frames=12)
    still, moved = database.footage[0].frames[4:6]
    moved.path.write_bytes(still.path.read_bytes())
    prepare(database, tmp_path / "a.h5", asking(quick, sampling="all"))
    rows = prepare(database, tmp_path / "a.h5", quick, overwrite=True)
    assert [row.status for row in rows] == ["reused"]
    assert record_of(database, tmp_path / "b.h5", quick) == open_cache(tmp_path / "a.h5").records[0]
