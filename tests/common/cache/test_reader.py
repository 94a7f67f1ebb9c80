"""A reader finds every shard as the index names it, knows what was found, and says what differs."""

import dataclasses
import pickle
from pathlib import Path

import pytest

from raicl.common.cache import reader as module
from raicl.common.cache.flows import Cache, open_cache, shards_folder
from raicl.common.cache.packing import pack
from raicl.common.cache.seal import BLOCK, DamagedError
from raicl.common.cache.shards import write_shard
from raicl.common.cache.trial import Trial
from raicl.common.errors import InputError
from tests.common.conftest import make_shard
from tests.sealed import unseal, unseal_cache


@pytest.fixture(params=["shards", "packed"])
def cache_file(request: pytest.FixtureRequest, flows: Path) -> Path:
    if request.param == "shards":
        return flows
    pack(open_cache(flows), flows.with_name("one.h5"))
    return flows.with_name("one.h5")


def test_reading_and_looking_say_the_same_of_a_whole_cache(cache_file: Path) -> None:
    cache = open_cache(cache_file)
    with Trial() as trial:
        for record in cache.records:
            assert cache.read(record).digest == record.digest
            cache.look(record, trial)


def test_a_clip_of_another_shard_is_refused_with_the_place_of_the_shard(cache_file: Path) -> None:
    cache = open_cache(cache_file)
    first = cache.records[0]
    records = (dataclasses.replace(first, frames=(8, 9, 10)),)
    manifest = cache.manifest.model_copy(update={"records": records})
    other = Cache(cache.path, manifest, cache.packed, "", cache._reader.known)
    where = f":shards/{first.shard}" if cache.packed else f"/{first.shard}"
    with Trial() as trial:
        for read in (other.read, lambda record: other.look(record, trial)):
            with pytest.raises(DamagedError, match="other frames") as caught:
                read(other.records[0])
            assert caught.value.where.endswith(where)
            assert caught.value.where.startswith(str(cache_file))


def test_a_shard_that_is_larger_than_its_clip_may_be_is_not_read(flows: Path) -> None:
    cache = open_cache(flows)
    path = cache.shard_path(cache.records[0])
    write_shard(path, make_shard(0, n=900))  # 1.4 MB, of a clip of three instances
    with pytest.raises(DamagedError, match=r"and at most \d+ fit what it may hold"):
        cache.read(cache.records[0])
    with Trial() as trial, pytest.raises(DamagedError, match="fit what it may hold"):
        cache.look(cache.records[0], trial)


def test_what_was_found_of_an_old_cache_is_not_asked_again(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseal_cache(flows)
    path = min(shards_folder(flows).glob("*.h5"))
    content = path.read_bytes()
    path.write_bytes(content[:-700])  # HDF5 finds it truncated
    cache = open_cache(flows)
    [bad] = [record for record in cache.records if record.shard == path.name]
    with pytest.raises(InputError) as first:
        cache.read(bad)

    def refuse(*args: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(module, "Trial", refuse)
    with pytest.raises(InputError) as second:
        cache.read(bad)
    assert second.value is first.value
    for record in cache.records:
        if record != bad:
            assert cache.read(record).digest == record.digest


def test_shards_that_are_sealed_or_missing_are_not_tried(flows: Path) -> None:
    cache = open_cache(flows)
    paths = [cache.shard_path(record) for record in cache.records]
    unseal(paths[0])
    unseal(paths[1])
    paths[2].unlink()
    assert [record.shard for record in cache._reader._unsealed()] == [
        paths[0].name,
        paths[1].name,
    ]
    cache.read(cache.records[0])
    assert sorted(cache._reader._tried) == sorted([paths[0].name, paths[1].name])


def test_another_process_knows_what_was_found_before(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseal_cache(flows)
    cache = open_cache(flows)
    cache.read(cache.records[0])
    elsewhere = pickle.loads(pickle.dumps(cache))
    monkeypatch.setattr(module, "Trial", None)
    for record in elsewhere.records:
        assert elsewhere.read(record).digest == record.digest


def test_a_damaged_block_is_told_by_reader_and_process_alike(flows: Path) -> None:
    cache = open_cache(flows)
    path = cache.shard_path(cache.records[0])
    content = bytearray(path.read_bytes())
    content[BLOCK + 200] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedError, match="does not match its seal"):
        cache.read(cache.records[0])
    with Trial() as trial, pytest.raises(DamagedError, match="does not match its seal"):
        cache.look(cache.records[0], trial)
