"""Shards of an older raicl, whose faces were never checked: what fits is kept, nothing is mixed."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.common.cache.flows import open_cache, shards_folder, write_index
from raicl.common.cache.shards import Shard, read_shard, write_shard
from raicl.common.clip import Clip
from raicl.common.errors import InputError
from raicl.common.quality import UNITS, Quality
from raicl.data.records import Database, Footage, Frame
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make
from tests.preprocess.face.pictures import person, texture
from tests.preprocess.test_samplings import Counting

OLDER = {  # numbers that were measured before a clip was asked whether it is plausible
    *("eye_distance", "roll", "turn", "brightness", "contrast", "sharpness"),
    *("head_motion", "background_flow"),
}
QUICK = PrepSettings(size=48, n_frames=2, flow_scales=2, flow_warps=2, flow_inner=10, flow_outer=2)


@pytest.fixture
def people(tmp_path: Path) -> Database:
    """Two clips of four still frames each: a face, and another."""
    footage = []
    for seed in (0, 1):
        folder = tmp_path / "database" / f"s{seed}" / "c"
        folder.mkdir(parents=True)
        frames = []
        for number in range(4):
            picture = np.roll(person(seed), number, axis=1)
            cv2.imwrite(str(folder / f"img{number}.png"), picture)
            frames.append(Frame(number, folder / f"img{number}.png"))
        clip = Clip(dataset="d", subject=f"s{seed}", name="c", emotion="x", onset=0, offset=3)
        footage.append(Footage(clip, tuple(frames)))
    return Database(
        name="d",
        root=tmp_path / "database",
        layout="folder",
        sheet="",
        footage=tuple(footage),
        skipped=(),
        corrections=(),
    )


def make_old(out: Path, **changes: object) -> None:
    """Rewrite the shards as an older raicl had written them, the first with `changes`."""
    for number, path in enumerate(sorted(shards_folder(out).iterdir())):
        old = dataclasses.replace(read_shard(path), quality=None, **({} if number else changes))
        write_shard(path, old)


def content(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [out, *shards_folder(out).iterdir()]}


def test_their_instances_are_kept_with_the_digest_and_the_numbers_are_added(
    people: Database, tmp_path: Path
) -> None:
    out, flow = tmp_path / "flows.h5", Counting()
    prepare(people, out, QUICK)
    fresh, digest = content(out), open_cache(out).digest
    make_old(out)
    rows = prepare(people, out, QUICK, flow=flow)
    assert [row.status for row in rows] == ["reused", "reused"]
    assert flow.asked == []
    assert content(out) == fresh
    assert open_cache(out).digest == digest
    assert [row.status for row in prepare(people, out, QUICK)] == ["cached", "cached"]
    for record in open_cache(out).records:
        assert record.quality is not None
        assert None not in dataclasses.astuple(record.quality)[:7]


def test_shards_that_were_never_asked_whether_they_are_plausible_are_told_the_numbers(
    people: Database, tmp_path: Path
) -> None:
    out, flow = tmp_path / "flows.h5", Counting()
    prepare(people, out, QUICK)
    fresh, index = content(out), out.read_bytes()
    before = open_cache(out).digest
    for path in shards_folder(out).iterdir():
        shard = read_shard(path)
        assert shard.quality is not None
        known = {k: v for k, v in shard.quality.to_json().items() if k in OLDER}
        write_shard(path, dataclasses.replace(shard, quality=Quality(**known)))
    rows = prepare(people, out, QUICK, flow=flow)
    assert [row.status for row in rows] == ["reused", "reused"]
    assert flow.asked == []
    assert content(out) == fresh
    assert (open_cache(out).digest, out.read_bytes()) == (before, index)


def test_an_index_that_is_older_than_the_numbers_of_its_shards_is_read(
    people: Database, tmp_path: Path
) -> None:
    out = tmp_path / "flows.h5"
    prepare(people, out, QUICK)
    for path in shards_folder(out).iterdir():
        shard = read_shard(path)
        assert shard.quality is not None
        known = {k: v for k, v in shard.quality.to_json().items() if k in OLDER}
        write_shard(path, dataclasses.replace(shard, quality=Quality(**known)))
    with pytest.raises(InputError, match="another quality"):  # the index says more than the shard
        open_cache(out).read(open_cache(out).records[0])
    cache = open_cache(out)
    older = [
        dataclasses.replace(
            record,
            quality=Quality(
                **{k: v for k, v in record.quality.to_json().items() if k in OLDER}
                if record.quality
                else {}
            ),
        )
        for record in cache.records
    ]
    write_index(out, older, size=cache.size, settings=cache.settings)
    prepare(people, tmp_path / "other.h5", QUICK)
    for path in shards_folder(tmp_path / "other.h5").iterdir():
        (shards_folder(out) / path.name).write_bytes(path.read_bytes())
    for record in open_cache(out).records:
        assert open_cache(out).read(record).quality != record.quality


def test_one_that_took_something_else_for_the_face_is_computed_anew(
    people: Database, tmp_path: Path
) -> None:
    out, flow = tmp_path / "flows.h5", Counting()
    prepare(people, out, QUICK)
    fresh = content(out)
    make_old(out, transform=np.eye(2, 3), instances=np.ones((2, 3, 48, 48), np.float16))
    rows = prepare(people, out, QUICK, flow=flow)
    assert sorted(row.status for row in rows) == ["computed", "reused"]
    assert flow.asked == [2]
    assert content(out) == fresh


def test_instances_of_another_face_are_not_mixed_into_another_sampling(
    people: Database, tmp_path: Path
) -> None:
    out, flow = tmp_path / "flows.h5", Counting()
    prepare(people, out, QUICK)
    make_old(out, transform=np.eye(2, 3), instances=np.ones((2, 3, 48, 48), np.float16))
    every = PrepSettings(**(QUICK.model_dump() | {"sampling": "all"}))
    prepare(people, out, every, flow=flow, overwrite=True)
    assert sorted(flow.asked) == [1, 3]  # of one clip all, of the other what was missing
    alone = tmp_path / "alone.h5"
    prepare(people, alone, every)
    assert open_cache(out).digest == open_cache(alone).digest


@pytest.mark.promise("input 36")
def test_a_clip_whose_old_face_was_none_fails_with_the_reason_and_leaves_the_index(
    people: Database, tmp_path: Path
) -> None:
    out = tmp_path / "flows.h5"
    small = cv2.resize(texture(), (160, 120), interpolation=cv2.INTER_AREA)
    for frame in people.footage[0].frames:
        cv2.imwrite(str(frame.path), small)
    rows = prepare(people, out, QUICK)
    assert [row.status for row in rows] == ["failed", "computed"]
    assert rows[0].reason == "no face in the onset frame (img0.png)"
    [failure] = open_cache(out).manifest.failures
    assert failure.id == people.footage[0].clip.id


def test_registered_crops_get_the_numbers_that_need_no_landmarks(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    out = tmp_path / "flows.h5"
    prepare(make_database(1), out, quick)
    [record] = open_cache(out).records
    assert record.quality is not None
    of_a_face = {"eye_distance", "roll", "turn", "head_motion", "background_flow", "faces"}
    assert record.quality.to_json().keys() == UNITS.keys() - of_a_face
    shard: Shard = open_cache(out).read(record)
    assert shard.quality == record.quality
