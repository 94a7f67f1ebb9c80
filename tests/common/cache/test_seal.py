"""No bit of a sealed file is outside its seal, and HDF5 sees no file that is not whole."""

import dataclasses
import errno
import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from raicl.common.cache import limits, seal
from raicl.common.cache.flows import open_cache, shards_folder
from raicl.common.cache.packing import pack
from raicl.common.cache.seal import (
    BLOCK,
    DamagedError,
    check_whole,
    is_cache_file,
    is_unsealed,
    matches,
    read_whole,
)
from raicl.common.cache.shards import read_shard, write_shard
from raicl.common.clip import Clip
from raicl.common.errors import InputError
from raicl.common.quality import Quality
from tests.common.conftest import make_shard, write_flows

CLIP = Clip(dataset="d", subject="s", name="c", emotion="happiness", onset=4, offset=9, fps=200.0)
KINDS = ("index", "shard", "packed")


def file_of(flows: Path, kind: str) -> Path:
    if kind == "packed":
        pack(open_cache(flows), flows.with_name("one.h5"))
        return flows.with_name("one.h5")
    return flows if kind == "index" else min(shards_folder(flows).glob("*.h5"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_is_read_by_others_as_it_was(flows: Path, kind: str) -> None:
    path = file_of(flows, kind)
    assert path.read_bytes().startswith(b"raicl-seal 1\n")
    for options in ({}, {"driver": "core"}):
        with h5py.File(path, "r", **options) as file:
            assert file.userblock_size == BLOCK
            assert file.attrs["format"] == ("raicl-shard" if kind == "shard" else "raicl-flows")
    shard = read_shard(file_of(flows, "shard"))
    with h5py.File(file_of(flows, "shard")) as file:
        np.testing.assert_array_equal(file["instances"][()], shard.instances)
        assert file["instances"].chunks == (1, *shard.instances.shape[1:])
        assert all(array.fletcher32 for array in file.values())
    with h5py.File(flows) as file:
        assert file["manifest"].fletcher32


def test_the_same_shard_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_shard(tmp_path / name, make_shard(3))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.promise("fault 13")
@pytest.mark.parametrize("kind", KINDS)
def test_no_byte_can_change_without_the_seal_noticing(tmp_path: Path, kind: str) -> None:
    content = bytearray(file_of(write_flows(tmp_path / "flows.h5", [CLIP]), kind).read_bytes())
    assert matches(content)
    missed = []
    for position in range(len(content)):
        bit = 1 << position % 8
        content[position] ^= bit
        if matches(content):
            missed.append(position)
        content[position] ^= bit
    assert missed == []
    assert matches(content)


READ = """
import json, sys
from pathlib import Path
from raicl.common.cache.flows import open_cache
from raicl.common.errors import InputError
flows, victim = Path(sys.argv[1]), Path(sys.argv[2])
content, known = victim.read_bytes(), open_cache(flows)  # which has found all of it whole
truth = {r.id: known.read(r).digest for r in known.records}
for change in json.loads(sys.argv[3]):
    changed = bytearray(content)
    if change >= 0:
        changed[change // 8] ^= 1 << change % 8
    else:
        del changed[len(content) * -(change + 1) // 100 :]
    victim.write_bytes(changed)
    for cache in (None, known):
        try:
            cache = cache or open_cache(flows)
            read = {r.id: cache.read(r).digest for r in cache.records}
        except InputError as error:
            assert error.fix and error.where, error
        else:
            assert read == truth and victim == flows and not cache.packed, change
    victim.write_bytes(content)
print("done")
"""


def read_changed(flows: Path, victim: Path, changes: Sequence[int]) -> None:
    """Read a cache with one file changed, in a process that must neither die nor hang."""
    answer = subprocess.run(
        [sys.executable, "-c", READ, str(flows), str(victim), json.dumps(list(changes))],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "done\n"


@pytest.mark.promise("fault 13")
@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_an_error_with_a_remedy_for_every_reader(flows: Path, kind: str) -> None:
    victim = file_of(flows, kind)
    flows = victim if kind == "packed" else flows
    bits = random.Random(0).sample(range(8 * victim.stat().st_size), 90)
    read_changed(flows, victim, [*range(0, 100, 13), *bits])


@pytest.mark.promise("fault 12")
@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_file_is_an_error_with_a_remedy_for_every_reader(
    flows: Path, kind: str
) -> None:
    victim = file_of(flows, kind)
    read_changed(victim if kind == "packed" else flows, victim, [-p for p in range(1, 101)])


def test_a_packed_cache_is_hashed_once_while_it_is_the_same(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, hashed = file_of(flows, "packed"), []
    really = seal._digest_rest
    monkeypatch.setattr(seal, "_digest_rest", lambda s: hashed.append(s) or really(s))
    cache = open_cache(one)
    before = len(hashed)
    elsewhere = pickle.loads(pickle.dumps(cache))
    for reader in (cache, elsewhere):
        for record in reader.records:
            reader.read(record)
    assert len(hashed) == before
    os.utime(one, ns=(1, 1))  # somebody was there
    cache.read(cache.records[0])
    cache.read(cache.records[1])
    assert len(hashed) == before + 1


def test_a_packed_cache_that_is_changed_after_it_was_opened_is_refused(flows: Path) -> None:
    one = file_of(flows, "packed")
    cache = open_cache(one)
    cache.read(cache.records[0])
    content = bytearray(one.read_bytes())
    content[-1] ^= 1
    one.write_bytes(content)
    with pytest.raises(DamagedError, match="does not match its seal"):
        cache.read(cache.records[0])


def test_what_is_no_file_of_raicl_is_told_before_hdf5_sees_it(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content in (b"", b"flows", b"\0" * 2000, b"raicl-seal 2\n".ljust(600, b"\0")):
        path.write_bytes(content)
        with pytest.raises(DamagedError):
            read_whole(path, "a shard", limit=9999)
    path.unlink()
    with pytest.raises(InputError, match="a shard is missing"):
        read_whole(path, "a shard", limit=9999)
    os.mkfifo(path)
    with pytest.raises(InputError, match="no regular file"):
        check_whole(path, "a shard")


def test_a_file_that_may_not_be_read_is_not_called_damaged(
    flows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied") as caught:
        open_cache(flows)
    assert not isinstance(caught.value, DamagedError)


@pytest.mark.parametrize("instances", [1, 16, 300, 4096])
def test_no_honest_shard_is_larger_than_its_limit(tmp_path: Path, instances: int) -> None:
    shard = make_shard(1, n=instances, size=14)  # the smallest side has the most overhead
    heads = np.zeros((instances, 2, 3))
    write_shard(
        tmp_path / "x",
        dataclasses.replace(
            shard,
            head_motion=heads,
            landmarks=np.zeros((468, 2), np.float32),
            flags=tuple(f"flag-{number}" for number in range(100)),
            quality=Quality(sharpness=0.1234567890123456),
        ),
    )
    assert (tmp_path / "x").stat().st_size <= limits.shard_bytes(instances, 14)
    assert read_shard(tmp_path / "x", limit=limits.shard_bytes(instances, 14)).size == 14


def test_a_file_of_hdf5_is_told_from_others_with_its_seal_and_without(
    flows: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x"
    sealed = flows.read_bytes()
    for content, is_one in (
        (sealed, True),
        (sealed[BLOCK:], True),
        (sealed[:BLOCK], False),
        (sealed[: BLOCK + 7], False),
        (b"\0" + sealed, False),
        (b"", False),
    ):
        path.write_bytes(content)
        assert is_cache_file(path) == is_one
        assert is_unsealed(path) == (content == sealed[BLOCK:])
