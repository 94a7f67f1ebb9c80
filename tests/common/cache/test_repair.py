"""`raicl repair` takes out what is damaged, says so, and never touches what is whole."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raicl.common.cache.cli import repair, validate
from raicl.common.cache.flows import lock_of, open_cache, shards_folder
from raicl.common.cache.hdf5 import replacing
from raicl.common.cache.index_file import store_manifest
from raicl.common.cache.opening import read_manifest
from raicl.common.cache.packing import pack
from raicl.common.cache.repair import repair as mend
from raicl.common.cache.seal import DamagedError
from raicl.common.errors import HeldError, InputError, PartialError, VersionError
from raicl.common.locking import lock
from tests.sealed import damage, edit, state, unseal_cache


@pytest.mark.parametrize("kind", ["sealed", "packed", "old"])
def test_of_a_whole_cache_not_one_byte_is_changed(flows: Path, kind: str, capsys: Any) -> None:
    if kind == "packed":
        pack(open_cache(flows), flows.with_name("one.h5"))
        flows = flows.with_name("one.h5")
    elif kind == "old":
        unseal_cache(flows)
    before = state(flows)
    repair(flows)
    assert state(flows) == before
    assert "4 clips whole, nothing was changed" in capsys.readouterr().out


def test_temporary_files_of_killed_writers_are_removed(flows: Path) -> None:
    left = [
        flows.with_name(".flows.h5.1-ab.tmp"),
        shards_folder(flows) / ".x.h5.1-ab.tmp",
    ]
    for path in left:
        path.write_bytes(b"half")
    before = state(flows)
    del before[left[1].name]
    repair(flows)
    assert not any(path.exists() for path in left)
    assert state(flows) == before


def test_damaged_and_missing_clips_are_taken_out_and_named(flows: Path, capsys: Any) -> None:
    cache, before = open_cache(flows), state(flows)
    paths = [cache.shard_path(record) for record in cache.records]
    damage(paths[0])
    paths[2].unlink()
    stray = shards_folder(flows) / f"{'0' * 24}-{'1' * 24}.h5"  # of another sampling, and damaged
    stray.write_bytes(paths[1].read_bytes()[:-1])
    kept = shards_folder(flows) / f"{'0' * 24}-{'2' * 24}.h5"
    shutil.copy2(paths[1], kept)
    with pytest.raises(PartialError, match="2 clips must be computed again") as caught:
        repair(flows)
    assert f"--out {flows}" in caught.value.fix
    said = capsys.readouterr().out
    for record in (cache.records[0], cache.records[2]):
        assert f"taken out  {record.id}: " in said
    mended = open_cache(flows)
    assert mended.records == (cache.records[1], cache.records[3])
    assert [failure.id for failure in mended.manifest.failures] == [
        "casme2/sub09/EP03",
        cache.records[0].id,
        cache.records[2].id,
    ]
    assert mended.settings == cache.settings
    assert not paths[0].exists()
    assert not stray.exists()
    assert kept.exists()
    after = state(flows)
    for path in (paths[1], paths[3]):
        assert after[path.name] == before[path.name]
    validate(flows)
    repair(flows)
    assert state(flows) == after


def test_shards_that_were_swapped_are_kept_as_files_and_their_clips_taken_out(flows: Path) -> None:
    cache = open_cache(flows)
    first, second = (cache.shard_path(record) for record in cache.records[:2])
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    with pytest.raises(PartialError):
        repair(flows)
    assert open_cache(flows).records == cache.records[2:]
    assert first.exists()


def test_what_a_newer_program_wrote_into_the_index_stays(flows: Path) -> None:
    values = json.loads(read_manifest(flows)) | {"novelty": [1]}
    values["records"][1]["novelty"] = 2
    with replacing(flows) as file:
        store_manifest(file, json.dumps(values).encode(), 1)
    cache = open_cache(flows)
    damage(cache.shard_path(cache.records[0]))
    with pytest.raises(PartialError):
        repair(flows)
    found = json.loads(read_manifest(flows))
    assert found["novelty"] == [1]
    assert found["records"][0]["novelty"] == 2


def test_a_cache_that_is_being_written_is_left_alone(flows: Path) -> None:
    damage(open_cache(flows).shard_path(open_cache(flows).records[0]))
    before = state(flows)
    with lock(lock_of(flows)), pytest.raises(HeldError):
        repair(flows)
    assert state(flows) == before


def _newer(path: Path) -> None:
    with edit(path) as file:
        file.attrs["version"] = 99


def _unreadable(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(("spoil", "kind"), [(_newer, VersionError), (_unreadable, InputError)])
def test_what_is_not_damaged_but_cannot_be_read_stops_it(
    flows: Path, spoil: Callable[[Path], None], kind: type[InputError]
) -> None:
    cache = open_cache(flows)
    damage(cache.shard_path(cache.records[0]))
    spoil(cache.shard_path(cache.records[1]))
    before = flows.read_bytes()
    with pytest.raises(kind) as caught:
        repair(flows)
    assert not isinstance(caught.value, DamagedError)
    assert flows.read_bytes() == before
    assert cache.shard_path(cache.records[0]).exists()


def test_what_is_no_cache_gets_no_lock(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such cache"):
        repair(tmp_path / "none.h5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("names", "layout", "command"),
    [
        (["casme2"], "raw", "raicl-prep casme2 --out"),
        (["casme2", "samm"], "raw", "raicl-prep DATABASE --out"),
        (["mine"], "imported", "raicl-prep import --out"),
        ([], "", "raicl-prep DATABASE --out"),
    ],
)
def test_the_command_that_makes_the_clips_again_is_named_as_far_as_it_is_known(
    flows: Path, names: list[str], layout: str, command: str
) -> None:
    cache = open_cache(flows)
    parts = [{"name": name, "layout": layout, "sheet": "", "corrections": []} for name in names]
    values = json.loads(read_manifest(flows)) | {"provenance": {"databases": parts}}
    with replacing(flows) as file:
        store_manifest(file, json.dumps(values).encode(), 1)
    damage(cache.shard_path(cache.records[0]))
    with pytest.raises(PartialError) as caught:
        repair(flows)
    assert caught.value.fix == f"{command} {flows}, with the options of the first time"


def test_a_damaged_index_is_built_again_by_the_command_that_made_it(flows: Path) -> None:
    damage(flows)
    before = state(flows)
    with pytest.raises(DamagedError) as caught:
        repair(flows)
    assert "builds the index from the whole shards" in caught.value.fix
    assert state(flows) == before


def test_what_was_done_is_told_in_numbers(flows: Path) -> None:
    cache, folder = open_cache(flows), shards_folder(flows)
    done = mend(flows)
    assert (done.kept, done.dropped, done.removed, done.changed) == (4, [], [], False)
    stray = folder / f"{'0' * 24}-{'1' * 24}.h5"
    stray.write_bytes(b"no shard")
    done = mend(flows)
    assert (done.kept, done.dropped, done.removed, done.changed) == (4, [], [stray], True)
    damage(cache.shard_path(cache.records[3]))
    done = mend(flows)
    assert (done.kept, done.removed) == (3, [cache.shard_path(cache.records[3])])
    assert [fault.id for fault in done.dropped] == [cache.records[3].id]
    assert not done.rewritten
    with pytest.raises(dataclasses.FrozenInstanceError):
        done.kept = 4  # type: ignore[misc]
