"""Limits of a cache leave room for what is honest, and little for what is not."""

import dataclasses
from pathlib import Path

import pytest

from raicl.common.cache import limits
from raicl.common.cache.limits import is_hollow, shard_bytes
from raicl.common.cache.manifest import Manifest
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import write_shard
from raicl.common.clip import Clip
from raicl.common.quality import Quality
from tests.common.conftest import make_shard

MB = 1_000_000
TIMES = {"onset": 1000, "apex": 1050, "offset": 1101, "fps": 29.97}
NUMBERS = [field.name for field in dataclasses.fields(Quality)]


@pytest.mark.parametrize(("instances", "size"), [(1, 16), (16, 112), (60, 225)])
def test_a_shard_may_be_little_larger_than_an_honest_one(
    tmp_path: Path, instances: int, size: int
) -> None:
    write_shard(tmp_path / "x", make_shard(1, n=instances, size=size))
    room = shard_bytes(instances, size) - (tmp_path / "x").stat().st_size
    assert 0.9 * MB < room < 1.1 * MB


def test_each_instance_adds_its_three_maps_and_less_than_a_kilobyte() -> None:
    for size in (14, 112):
        added = shard_bytes(21, size) - shard_bytes(20, size)
        assert 0 < added - 3 * size * size * 2 < 1000


def test_no_declared_shape_asks_for_more_than_the_longest_clip() -> None:
    assert shard_bytes(10**6, 10**4) == limits.SHARD_BYTES == 8 * 1024**3


def test_a_large_file_is_hollow_below_an_eighth_and_a_small_one_never() -> None:
    large = 80 * 1024**2
    eighth = large // 8 // 512
    assert is_hollow(large, eighth - 1)
    assert not is_hollow(large, eighth)
    assert is_hollow(large, 1)
    assert not is_hollow(large, 0)  # the file system does not say
    assert not is_hollow(32 * 1024**2, 1)
    assert is_hollow(32 * 1024**2 + 1, 1)


def manifest(clips: int, instances: int) -> bytes:
    """That of a cache with so many clips of this many instances."""
    frames = tuple(range(1001, 1001 + instances))
    clip = Clip(
        dataset="casme3", subject="spNO.123", name="EP01_12-3f", emotion="surprise", **TIMES
    )
    record = ClipRecord(
        clip=clip,
        frames=frames,
        middle=instances // 2,
        n_frames=instances + 1,
        shard=f"{'a' * 24}-{'b' * 24}.h5",
        digest="c" * 64,
        quality=Quality(**dict.fromkeys(NUMBERS, 0.1234567890123456)),
    )
    return Manifest(records=(record,) * clips, size=112, settings={}).encode()


def test_ten_thousand_clips_fit_an_index_and_four_thousand_are_read_at_once() -> None:
    assert len(manifest(10_000, 100)) < limits.INDEX_BYTES < 3 * len(manifest(10_000, 100))
    assert limits.MANIFEST_BYTES == limits.INDEX_BYTES
    assert len(manifest(4_000, 16)) < limits.MANIFEST_AT_ONCE < 2 * len(manifest(4_000, 16))


def test_a_trial_has_room_for_the_largest_manifest_and_ends_within_a_minute() -> None:
    assert 150 * MB < limits.TRIAL_MEMORY < 210 * MB  # a crafted file takes 200 MB at most
    assert limits.TRIAL_COPIES == 1 + 2 + 1  # its bytes, twice HDF5's image, the arrays
    assert limits.TRIAL_CPU_SECONDS + limits.TRIAL_WAIT_SECONDS < 60
    assert limits.TRIAL_BYTES_PER_SECOND == 10 * 1024**2
