"""`raicl repair` writes a packed file again with its whole clips, or leaves it as it is."""

import json
from pathlib import Path
from typing import Any

import h5py
import pytest

from raicl.common.cache.cli import repair, validate
from raicl.common.cache.flows import open_cache
from raicl.common.cache.opening import read_manifest
from raicl.common.cache.packing import pack
from raicl.common.cache.repair import repair as mend
from raicl.common.cache.seal import BLOCK, DamagedError
from raicl.common.cache.trial import Trial
from raicl.common.errors import InputError, PartialError
from tests.sealed import damage, state


@pytest.fixture
def packed(flows: Path, tmp_path: Path) -> Path:
    pack(open_cache(flows), tmp_path / "one.h5")
    return tmp_path / "one.h5"


def test_a_packed_file_whose_clips_are_whole_loses_none(packed: Path) -> None:
    cache, manifest = open_cache(packed), read_manifest(packed)
    damage(packed, BLOCK - 1)
    with pytest.raises(DamagedError):
        open_cache(packed)
    with pytest.raises(InputError) as caught:
        validate(packed)
    assert "all clips are whole" in caught.value.fix
    repair(packed)
    mended = open_cache(packed)
    assert mended.records == cache.records
    assert read_manifest(packed) == manifest
    for record in mended.records:
        mended.read(record)


def test_a_packed_file_is_written_again_without_its_damaged_clips(
    packed: Path, capsys: Any
) -> None:
    cache = open_cache(packed)
    instances = cache.read(cache.records[2]).instances[0].tobytes()
    content = packed.read_bytes()
    damage(packed, content.index(instances) + 5)
    with pytest.raises(InputError, match="1 of 4 clips are bad") as invalid:
        validate(packed)
    assert "raicl repair" in invalid.value.fix
    with pytest.raises(PartialError, match=f"first {cache.records[2].id}") as caught:
        repair(packed, as_json=True)
    assert "raicl pack" in caught.value.fix
    said = capsys.readouterr().out
    found = json.loads(said[said.rindex("\n{\n") :])
    assert (found["kept"], found["rewritten"]) == (3, True)
    assert [row["id"] for row in found["dropped"]] == [cache.records[2].id]
    mended = open_cache(packed)
    assert [record.id for record in mended.records] == [
        record.id for record in cache.records if record is not cache.records[2]
    ]
    assert mended.manifest.failures[-1].id == cache.records[2].id
    validate(packed)
    assert not list(packed.parent.glob(".*.tmp"))


def test_a_packed_file_that_nothing_can_be_read_of_is_left_with_advice(packed: Path) -> None:
    packed.write_bytes(packed.read_bytes()[:3000])
    before = state(packed)
    with pytest.raises(DamagedError) as caught:
        repair(packed)
    assert "pack it again from the original cache" in caught.value.fix
    assert state(packed) == before


def test_a_copy_that_is_not_whole_does_not_take_the_place_of_a_packed_file(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = Trial.copy

    def copy(trial: Trial, path: Path, out: Path, size: int, **more: Any) -> None:
        really(trial, path, out, size, **more)
        with h5py.File(out, "r+") as file:  # as memory that lost a bit might
            name = more["names"][2]
            file[f"shards/{name}/frames"][0] += 1

    damage(packed, BLOCK - 1)
    before = state(packed)
    monkeypatch.setattr(Trial, "copy", copy)
    with pytest.raises(InputError, match=r"EP2 could not be copied: .*digest") as caught:
        mend(packed)
    assert "raicl pack" in caught.value.fix
    assert state(packed) == before
    assert not list(packed.parent.glob(".*.tmp"))
