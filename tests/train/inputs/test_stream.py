"""Instances that are read from a file are those in memory, in every batch and every order."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raicl.common.cache.flows import StoredClip, open_cache, shards_folder
from raicl.common.cache.packing import pack
from raicl.common.errors import InputError
from raicl.train.inputs.instances import Instances, load_instances
from tests.train.conftest import MakeCache

CPU = torch.device("cpu")
NEEDED = 18 * 3 * 33 * 33 * 2  # bytes of the cache below


def load(path: Path, *, size: int = 33, where: Any = "stream", **options: Any) -> Instances:
    cache = open_cache(path)
    sources = [StoredClip(cache, record) for record in cache.records]
    return load_instances(sources, size=size, device=CPU, where=where, **options)


@pytest.fixture
def flows(tmp_path: Path, make_cache: MakeCache) -> Path:
    return Path(make_cache(tmp_path / "flows.h5", subjects=2, clips=3, n=[6, 2, 1]))


@pytest.mark.parametrize("size", [33, 17])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("budget", [1, 10**9])
def test_streamed_and_resident_instances_are_equal(
    tmp_path: Path, flows: Path, size: int, packed: bool, budget: int
) -> None:
    if packed:
        pack(open_cache(flows), flows := tmp_path / "one.h5")
    resident = load(flows, size=size, where="device")
    stream = load(flows, size=size, budget=budget, scratch=tmp_path)
    batches = [torch.randint(0, 18, (7,)) for _ in range(9)]
    stream.prefetch(batches)
    for batch in batches:
        assert torch.equal(stream.gather(batch), resident.gather(batch))
    unannounced = torch.tensor([3, 3, 11])
    assert torch.equal(stream.gather(unannounced), resident.gather(unannounced))
    for clip, moments in resident.moments.items():
        np.testing.assert_array_equal(stream.moments[clip], moments)
    stream.close()


def test_rows_asked_for_out_of_order_are_still_the_right_ones(flows: Path) -> None:
    resident, stream = load(flows, where="device"), load(flows)
    announced = [torch.tensor([row]) for row in range(6)]
    stream.prefetch(announced)
    for batch in reversed(announced):
        assert torch.equal(stream.gather(batch), resident.gather(batch))
    stream.close()


def streams(path: Path, **options: int) -> bool:
    """Whether `auto` opens a file instead of taking memory."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    loaded = load(path, where="auto", **options)
    after = len(list(Path("/proc/self/fd").iterdir()))
    loaded.close()
    return after > before


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")
def test_auto_streams_only_what_does_not_fit(flows: Path) -> None:
    assert not streams(flows)
    assert not streams(flows, budget=NEEDED)
    assert streams(flows, budget=NEEDED - 1)
    # two processes that hold them each need twice the room
    assert streams(flows, budget=2 * NEEDED - 1, processes=2)
    assert not streams(flows, budget=2 * NEEDED, processes=2)


def test_nothing_is_left_in_any_folder_while_it_streams_and_after(
    tmp_path: Path, flows: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    stream = load(flows, scratch=scratch)
    assert list(scratch.iterdir()) == []
    stream.close()
    assert list(scratch.iterdir()) == []


def test_shards_that_are_lost_later_are_not_missed(flows: Path) -> None:
    resident, stream = load(flows, where="device"), load(flows)
    shutil.rmtree(shards_folder(flows))
    rows = torch.arange(18)
    assert torch.equal(stream.gather(rows), resident.gather(rows))
    stream.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, flows: Path) -> None:
    with pytest.raises(InputError, match="cannot write") as refused:
        load(flows, scratch=tmp_path / "absent")
    assert refused.value.where == str(tmp_path / "absent")
