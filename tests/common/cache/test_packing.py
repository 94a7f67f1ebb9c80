"""A packed file is written whole, with room found first, and an error of the disk is told."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import pytest

from raicl.common.cache import packing
from raicl.common.cache.flows import open_cache
from raicl.common.cache.packing import find_room, pack, write_packed
from raicl.common.cache.seal import BLOCK
from raicl.common.cache.shards import Shard
from raicl.common.errors import ResourceError
from tests.common.conftest import make_shard

MEGABYTE = 1 << 20
KEEPS_ROOM = pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="asks the system")


def test_every_shard_is_packed_and_none_of_the_room_is_left(flows: Path, tmp_path: Path) -> None:
    cache = open_cache(flows)
    pack(cache, tmp_path / "one.h5")
    with h5py.File(tmp_path / "one.h5") as file:
        assert file.userblock_size == BLOCK
        assert sorted(file["shards"]) == sorted(record.shard for record in cache.records)
    size = (tmp_path / "one.h5").stat().st_size
    assert abs(size - cache.n_bytes) < MEGABYTE


@KEEPS_ROOM
def test_room_is_found_for_the_bytes_and_a_margin(tmp_path: Path) -> None:
    find_room(tmp_path / "x", 3_000_000)
    status = (tmp_path / "x").stat()
    assert status.st_size == 3_000_000 + MEGABYTE
    assert status.st_blocks * 512 >= status.st_size


@KEEPS_ROOM
def test_without_room_nothing_is_written(
    flows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def write(*args: object) -> None:
        raise AssertionError("copied without room")

    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr(packing, "write_packed", write)
    with pytest.raises(ResourceError, match="disk is full"):
        pack(open_cache(flows), tmp_path / "one.h5")
    assert not list(tmp_path.glob("*one.h5*"))


def test_where_the_system_cannot_keep_room_the_file_is_written_all_the_same(
    flows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    pack(open_cache(flows), tmp_path / "one.h5")
    assert len(open_cache(tmp_path / "one.h5").records) == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_the_first_error_of_the_disk_is_raised_after_hdf5_has_closed_the_file() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        write_packed(Path("/dev/full"), b"{}", 1, [("a.h5", make_shard(0))])
    assert caught.value.errno == errno.ENOSPC


def test_an_error_of_the_shards_is_raised_as_it_is(tmp_path: Path) -> None:
    def shards() -> Iterator[tuple[str, Shard]]:
        yield "a.h5", make_shard(0)
        raise KeyError("no such clip")

    with pytest.raises(KeyError, match="no such clip"):
        write_packed(tmp_path / "x", b"{}", 1, shards())
