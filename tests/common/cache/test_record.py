"""A record tells rows that are trained on from those that are not, and old programs are told."""

import dataclasses
from pathlib import Path

import h5py
import pytest

from raicl.common.cache.flows import open_cache, read_index, write_index
from raicl.common.cache.index_file import store_manifest
from raicl.common.cache.manifest import Manifest
from raicl.common.cache.packing import pack
from raicl.common.cache.record import ClipRecord
from raicl.common.clip import Clip
from raicl.common.errors import InputError

CLIP = Clip(dataset="d", subject="s", name="c", emotion="surprise", onset=4, offset=9)
RECORD = ClipRecord(
    clip=CLIP, frames=(5, 6, 7), middle=1, n_frames=6, shard="x", digest="y", untrained=(1,)
)


@pytest.mark.parametrize("middle", [-1, 3, 99])
def test_a_tested_row_outside_of_the_instances_is_refused(flows: Path, middle: int) -> None:
    with pytest.raises(ValueError, match=f"middle {middle} of 3 instances"):
        dataclasses.replace(RECORD, middle=middle)
    cache = open_cache(flows)
    content = cache.manifest.encode().replace(b'"middle":1', f'"middle":{middle}'.encode())
    with h5py.File(flows, "w") as file:
        store_manifest(file, content, 1)
    with pytest.raises(InputError, match=f"middle {middle} of 3 instances"):
        read_index(flows)


def version(path: Path) -> int:
    with h5py.File(path, "r") as file:
        return int(file.attrs["version"])


def rewrite(flows: Path, *, untrained: tuple[int, ...]) -> None:
    cache = open_cache(flows)
    records = [dataclasses.replace(record, untrained=untrained) for record in cache.records]
    write_index(flows, records, size=cache.size, settings=cache.settings)


def test_the_row_of_inference_comes_last_where_it_is_not_trained_on() -> None:
    assert RECORD.train_rows == (0, 2)
    assert RECORD.used_rows == (0, 2, 1)
    every = dataclasses.replace(RECORD, untrained=())
    assert every.used_rows == every.train_rows == (0, 1, 2)
    assert dataclasses.replace(RECORD, untrained=(0,)).used_rows == (1, 2)


def reread(record: ClipRecord) -> ClipRecord:
    """A record through the bytes of a manifest."""
    manifest = Manifest(records=(record,), size=16, settings={})
    [found] = Manifest.decode(manifest.encode()).records
    return found


def test_a_record_survives_json_and_says_nothing_of_untrained_rows_where_there_are_none() -> None:
    assert reread(RECORD) == RECORD
    every = dataclasses.replace(RECORD, untrained=())
    assert "untrained" not in every.to_json()
    assert reread(every) == every


@pytest.mark.parametrize("rows", [(3,), (-1,), (0, 1, 2)])
def test_rows_that_are_not_there_or_all_of_them_cannot_be_untrained(rows: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="untrained rows"):
        dataclasses.replace(RECORD, untrained=rows)


def test_all_frame_numbers_are_known_from_the_annotation_or_from_holding_every_frame() -> None:
    assert RECORD.numbers == (4, 5, 6, 7, 8, 9)
    with_gap = dataclasses.replace(RECORD, n_frames=4, frames=(5, 7, 9))
    assert with_gap.numbers == (4, 5, 7, 9)
    assert dataclasses.replace(RECORD, n_frames=5).numbers is None  # one is missing, but which?


def test_only_an_index_that_an_old_program_would_misread_has_the_new_version(
    flows: Path, tmp_path: Path
) -> None:
    assert version(flows) == 1
    before = open_cache(flows).digest
    rewrite(flows, untrained=(2,))
    assert version(flows) == 2
    cache = open_cache(flows)
    assert [record.train_rows for record in cache.records] == [(0, 1)] * 4
    assert cache.digest != before  # what is trained on is another thing
    pack(cache, tmp_path / "one.h5")
    assert version(tmp_path / "one.h5") == 2
    packed = open_cache(tmp_path / "one.h5")
    assert (packed.records, packed.digest) == (cache.records, cache.digest)


def test_impossible_rows_in_a_manifest_are_an_input_error(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ClipRecord, "__post_init__", lambda record: None)
        rewrite(flows, untrained=(7,))
    with pytest.raises(InputError, match="untrained rows"):
        open_cache(flows)


def test_a_clip_says_nothing_of_its_split_where_it_has_none_and_refuses_an_unknown_one() -> None:
    assert "split" not in CLIP.to_json()
    assert (CLIP.trained, CLIP.tested) == (True, True)
    for split, trained in (("train", True), ("test", False)):
        clip = dataclasses.replace(CLIP, split=split)
        assert reread(dataclasses.replace(RECORD, clip=clip)).clip == clip
        assert (clip.trained, clip.tested) == (trained, not trained)
    with pytest.raises(ValueError, match="'Test' is neither train nor test"):
        dataclasses.replace(CLIP, split="Test")
    with pytest.raises(ValueError, match="'guess' is neither emotion nor class"):
        dataclasses.replace(CLIP, labelled="guess")


def test_the_inference_instance_alone_is_used_where_a_run_asks_for_no_other() -> None:
    alone = RECORD.middle_alone()
    assert alone == dataclasses.replace(RECORD, untrained=(0, 2))
    assert alone.train_rows == alone.used_rows == (1,)


def test_a_record_is_told_in_one_line_and_is_not_changed() -> None:
    assert (RECORD.id, RECORD.subject_key) == ("d/s/c", "d/s")
    assert repr(RECORD) == "ClipRecord(d/s/c: surprise, 3 instances of frames 5 to 7, middle 1)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        RECORD.middle = 2  # type: ignore[misc]


def test_frame_numbers_with_a_gap_are_known_only_if_each_is_an_instance() -> None:
    every = dataclasses.replace(RECORD, frames=(5, 6, 7, 8, 9), middle=4, untrained=())
    assert every.numbers == (4, 5, 6, 7, 8, 9)
    assert dataclasses.replace(every, n_frames=7).numbers is None
