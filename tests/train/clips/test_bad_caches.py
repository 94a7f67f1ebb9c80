"""Caches that cannot be trained on end the command with 3, one line of cause and one of remedy."""

import dataclasses
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from raicl.common.cache.flows import Cache, open_cache, write_index
from raicl.common.cache.shards import write_shard
from tests.sealed import edit
from tests.train.conftest import Command, MakeCache


def newer(flows: Path) -> None:
    with edit(flows) as file:
        file.attrs["version"] = 99


def older(flows: Path) -> None:
    with edit(flows) as file:
        del file.attrs["version"]
        file.attrs["digest"] = "0" * 64  # of a format that no raicl wrote


def empty(flows: Path) -> None:
    write_index(flows, [], size=33, settings=open_cache(flows).settings)


def a_missing_shard(flows: Path) -> None:
    cache = open_cache(flows)
    cache.shard_path(cache.records[3]).unlink()


def swapped_shards(flows: Path) -> None:
    cache = open_cache(flows)
    first, second = (cache.shard_path(record) for record in cache.records[:2])
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def a_flipped_bit(flows: Path) -> None:
    cache = open_cache(flows)
    path = cache.shard_path(cache.records[3])
    content = bytearray(path.read_bytes())
    content[3000] ^= 4
    path.write_bytes(content)


SPOILT = [
    pytest.param(newer, "format version 99", marks=pytest.mark.promise("input 55")),
    pytest.param(older, "manifest is damaged", marks=pytest.mark.promise("input 55")),
    pytest.param(empty, "the cache has no clips", marks=pytest.mark.promise("input 56")),
    pytest.param(a_missing_shard, "shard is missing", marks=pytest.mark.promise("fault 16")),
    pytest.param(swapped_shards, "digest", marks=pytest.mark.promise("fault 16")),
    pytest.param(a_flipped_bit, "does not match its seal", marks=pytest.mark.promise("fault 13")),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILT)
def test_a_spoilt_cache_ends_with_3_in_three_lines(
    tmp_path: Path,
    make_cache: MakeCache,
    command: Command,
    capfd: Any,
    spoil: Callable[[Path], None],
    message: str,
) -> None:
    flows = make_cache(tmp_path / "flows.h5")
    spoil(flows)
    assert command(flows, "--run-dir", tmp_path / "run", "--device", "cpu", "--epochs", 1) == 3
    error = capfd.readouterr().err
    last = error[error.index("error: ") :].splitlines()
    assert message in last[0]
    assert len(last) <= 3
    assert last[-1].startswith("  fix: ")


@pytest.mark.promise("input 73", "input 74")
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("channel", [0, 2])
def test_a_value_that_is_not_finite_ends_with_3_and_the_clip(
    tmp_path: Path,
    make_cache: MakeCache,
    command: Command,
    capfd: Any,
    value: float,
    channel: int,
) -> None:
    def spoil(clip: str, instances: NDArray[np.float16]) -> NDArray[np.float16]:
        if clip == "casme2/sub02/EP03":
            instances[1, channel, 5, 5] = value
        return instances

    flows = make_cache(tmp_path / "flows.h5", change=spoil)
    assert command(flows, "--run-dir", tmp_path / "run", "--device", "cpu", "--epochs", 1) == 3
    error = capfd.readouterr().err
    assert "casme2/sub02/EP03" in error
    assert "NaN or an infinity" in error


def rewrite_for_ever(flows: Path, begun: Any) -> None:
    """What raicl-prep does to a finished cache, again and again: every shard, then the index."""
    cache = open_cache(flows)
    shards = [(cache.shard_path(record), cache.read(record)) for record in cache.records]
    while True:
        for path, shard in shards:
            write_shard(path, dataclasses.replace(shard))
        write_index(flows, cache.records, size=cache.size, settings=cache.settings)
        begun.set()


@pytest.mark.promise("fault 11")
def test_a_reader_is_not_disturbed_by_a_writer_of_the_same_cache(
    tmp_path: Path, make_cache: MakeCache
) -> None:
    flows = make_cache(tmp_path / "flows.h5")

    def everything(cache: Cache) -> list[bytes]:
        return [cache.read(record).instances.tobytes() for record in cache.records]

    truth = everything(open_cache(flows))
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    writer = context.Process(target=rewrite_for_ever, args=(flows, begun), daemon=True)
    writer.start()
    try:
        assert begun.wait(60)
        early = open_cache(flows)
        for _ in range(6):
            assert everything(early) == truth
            assert everything(open_cache(flows)) == truth
        assert writer.is_alive()
    finally:
        writer.kill()
        writer.join()
