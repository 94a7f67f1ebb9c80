"""What the numbers of a flow mean is said once, and caches of before say nothing."""

import dataclasses
from pathlib import Path

import h5py
import numpy as np
import pytest

from raicl.common.cache.flows import Cache, open_cache, shards_folder, write_index
from raicl.common.cache.measure import Measure
from raicl.common.cache.shards import Shard, read_shard, write_shard
from raicl.common.errors import InputError
from tests.sealed import edit

EVERY = [Measure(unit, zero) for unit in (True, False) for zero in (True, False)]


@pytest.mark.parametrize("measure", EVERY)
def test_the_settings_say_it_and_are_empty_for_px(measure: Measure) -> None:
    assert Measure.of(measure.settings) == measure
    assert (measure.settings == {}) == (measure == Measure())
    assert ("px" in str(measure)) == measure.unit


def test_the_words_of_a_measure_are_golden() -> None:
    said = [(str(one), one.px, one.channels) for one in EVERY]
    assert said == [
        ("px, 0 is rest", " px", "u px, v px, strain"),
        ("px, zero and sign lost", " px", "u, v, strain (px, zero and sign lost)"),
        ("unit unknown, 0 is rest", "", "u, v, strain (unit unknown, 0 is rest)"),
        ("unit unknown, zero and sign lost", "", "u, v, strain (unit unknown, zero and sign lost)"),
    ]


def rewrite(flows: Path, measure: Measure, **clip: object) -> Cache:
    cache = open_cache(flows)
    records = [
        dataclasses.replace(record, clip=dataclasses.replace(record.clip, **clip))
        for record in cache.records
    ]
    write_index(flows, records, size=cache.size, settings=cache.settings | measure.settings)
    return open_cache(flows)


@pytest.mark.parametrize("measure", EVERY)
def test_an_older_reader_is_refused_what_it_would_misread(flows: Path, measure: Measure) -> None:
    assert rewrite(flows, measure).measure == measure
    with h5py.File(flows) as file:
        assert file.attrs["version"] == (1 if measure == Measure() else 3)


@pytest.mark.parametrize("field", [{"labelled": "class"}, {"numbered": False}])
def test_a_class_and_missing_numbers_survive_json(flows: Path, field: dict[str, object]) -> None:
    [(name, value)] = field.items()
    cache = rewrite(flows, Measure(), **field)
    assert {getattr(record.clip, name) for record in cache.records} == {value}
    with h5py.File(flows) as file:
        assert file.attrs["version"] == 3


def bare(flows: Path) -> tuple[Path, Shard]:
    """A shard of a flow whose frames nobody has."""
    cache = open_cache(flows)
    shard = dataclasses.replace(
        cache.read(cache.records[0]), frame_digests=None, onset_face=None, transform=None
    )
    path = shards_folder(flows) / "bare.h5"
    write_shard(path, shard)
    return path, shard


def test_a_shard_without_frames_is_read_as_such(flows: Path) -> None:
    path, shard = bare(flows)
    read = read_shard(path)
    assert read.digest == shard.digest
    assert read.onset_face is read.transform is read.frame_digests is None
    np.testing.assert_array_equal(read.backdrop, np.full((16, 16), 255, np.uint8))
    with h5py.File(path) as file:
        assert file.attrs["version"] == 2


def test_frames_cannot_be_dropped_from_a_shard_that_has_them(flows: Path) -> None:
    cache = open_cache(flows)
    path = cache.shard_path(cache.records[0])
    with edit(path) as file:
        for name in ("frame_digests", "onset_face", "transform"):
            del file[name]
    with pytest.raises(InputError, match="missing"):
        read_shard(path)
    with edit(path) as file:
        file.attrs["version"] = 2
    with pytest.raises(InputError, match="digest"):  # it covers what there was
        read_shard(path)
