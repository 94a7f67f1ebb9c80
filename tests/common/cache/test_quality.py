"""Quality and landmarks of a clip travel with its shard, and are in no digest."""

import dataclasses
from pathlib import Path

import h5py
import numpy as np
import pytest

from raicl.common.cache.flows import Cache, open_cache, shards_folder, write_index
from raicl.common.cache.packing import pack
from raicl.common.cache.shards import read_shard, write_shard
from raicl.common.cache.validation import find_faults
from raicl.common.errors import InputError
from raicl.common.quality import Quality
from tests.common.conftest import make_shard
from tests.sealed import edit

QUALITY = Quality(eye_distance=96.5, roll=-1.25, contrast=41.0, head_motion=0.375)


def measured(flows: Path, *, quality: Quality | None = QUALITY) -> Cache:
    """The cache with this quality in the first shard and its record."""
    cache = open_cache(flows)
    first, *others = cache.records
    path = cache.shard_path(first)
    write_shard(path, dataclasses.replace(read_shard(path), quality=quality))
    records = [dataclasses.replace(first, quality=quality), *others]
    write_index(flows, records, size=cache.size, settings=cache.settings)
    return open_cache(flows)


def test_a_shard_keeps_it_and_its_digest_does_not_tell_of_it(tmp_path: Path) -> None:
    plain = make_shard(0)
    shard = dataclasses.replace(plain, quality=QUALITY)
    write_shard(tmp_path / "one.h5", shard)
    assert read_shard(tmp_path / "one.h5", digest=plain.digest).quality == QUALITY
    write_shard(tmp_path / "two.h5", plain)
    assert read_shard(tmp_path / "two.h5").quality is None


def test_landmarks_are_kept_with_it_and_in_no_digest_either(tmp_path: Path) -> None:
    plain = make_shard(0)
    points = np.array([[1.5, 2.0], [3.0, 4.25]], np.float32)
    write_shard(tmp_path / "one.h5", dataclasses.replace(plain, landmarks=points))
    found = read_shard(tmp_path / "one.h5", digest=plain.digest).landmarks
    np.testing.assert_array_equal(found, points)
    write_shard(tmp_path / "two.h5", dataclasses.replace(plain, landmarks=points[:, :1]))
    with pytest.raises(InputError, match=r"the landmarks are not \(K, 2\)"):
        read_shard(tmp_path / "two.h5")


def test_a_cache_has_the_digest_it_had_before_and_older_programs_read_it(flows: Path) -> None:
    before = open_cache(flows)
    cache = measured(flows)
    assert cache.digest == before.digest
    with h5py.File(flows) as file:
        assert file.attrs["version"] == 1
    assert [record.quality for record in cache.records] == [QUALITY, None, None, None]
    assert cache.read(cache.records[0]).quality == QUALITY


def test_it_is_packed_and_validated(flows: Path, tmp_path: Path) -> None:
    cache = measured(flows)
    pack(cache, tmp_path / "one.h5")
    packed = open_cache(tmp_path / "one.h5")
    assert packed.records == cache.records
    assert packed.read(packed.records[0]).quality == QUALITY
    assert find_faults(cache) == find_faults(packed) == []


@pytest.mark.parametrize("other", [None, dataclasses.replace(QUALITY, roll=1.0)])
def test_a_shard_with_another_quality_than_the_index_says_is_a_fault(
    flows: Path, other: Quality | None
) -> None:
    cache = measured(flows)
    path = cache.shard_path(cache.records[0])
    write_shard(path, dataclasses.replace(read_shard(path), quality=other))
    [fault] = find_faults(cache)
    assert fault.id == cache.records[0].id
    assert "another quality" in fault.reason


def test_an_index_that_is_older_than_its_shards_is_read(flows: Path) -> None:
    cache = open_cache(flows)
    path = cache.shard_path(cache.records[0])
    write_shard(path, dataclasses.replace(read_shard(path), quality=QUALITY))
    assert find_faults(cache) == []


def test_a_damaged_quality_is_an_input_error(flows: Path) -> None:
    cache = measured(flows)
    path = shards_folder(flows) / cache.records[0].shard
    with edit(path) as file:
        file["quality"][0] = ord("x")  # through HDF5, so that its own checksum is renewed
    with pytest.raises(InputError, match="its quality is not what it should be"):
        cache.read(cache.records[0])
