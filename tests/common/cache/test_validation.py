"""`raicl validate` names every clip that cannot be used, and no other."""

import json
from pathlib import Path
from typing import Any

import pytest

from raicl.common.cache.cli import validate
from raicl.common.cache.flows import open_cache, read_index, shards_folder
from raicl.common.cache.packing import pack
from raicl.common.cache.validation import find_faults
from raicl.common.errors import InputError
from tests.sealed import damage, edit


def test_a_whole_cache_has_no_fault(flows: Path, capsys: Any) -> None:
    assert find_faults(open_cache(flows)) == []
    validate(flows)
    assert capsys.readouterr().out == f"{flows}: 4 of 4 clips are whole\n"


def test_every_bad_clip_is_named_whatever_is_wrong_with_it(flows: Path, capsys: Any) -> None:
    cache = open_cache(flows)
    paths = [cache.shard_path(record) for record in cache.records]
    damage(paths[0])
    paths[2].unlink()
    paths[3].write_bytes(paths[1].read_bytes())  # whole, but another clip's
    with pytest.raises(InputError, match="3 of 4 clips are bad, first casme2/sub00/EP0") as caught:
        validate(flows, as_json=True)
    assert "raicl-prep again" in caught.value.fix
    found = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in found["bad"]] == [
        "casme2/sub00/EP0",
        "casme2/sub01/EP2",
        "casme2/sub01/EP3",
    ]
    assert found["whole"] == 1
    reasons = [row["reason"] for row in found["bad"]]
    assert [reason == "its shard is missing" for reason in reasons] == [False, True, False]
    for row, path in zip(found["bad"], (paths[0], paths[2], paths[3]), strict=True):
        assert str(path) in row["where"]


def test_one_changed_value_in_a_packed_cache_is_found(flows: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.h5"
    pack(open_cache(flows), one)
    assert find_faults(read_index(one)) == []
    record = read_index(one).records[1]
    with edit(one) as file:  # through HDF5, so that its own checksum is renewed
        file[f"shards/{record.shard}/instances"][0, 0, 0, 0] += 1
    [fault] = find_faults(read_index(one))
    assert fault.id == record.id
    assert "digest" in fault.reason
    with pytest.raises(InputError) as caught:
        validate(one)
    assert caught.value.fix.startswith("pack it again")


def test_a_shard_missing_from_a_packed_cache_is_found(flows: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.h5"
    pack(open_cache(flows), one)
    record = read_index(one).records[0]
    with edit(one) as file:
        del file[f"shards/{record.shard}"]
    assert [fault.id for fault in find_faults(read_index(one))] == [record.id]


def test_a_damaged_manifest_is_an_error_of_the_whole_file(flows: Path) -> None:
    with edit(flows) as file:
        file.attrs["digest"] = "0" * 64
    with pytest.raises(InputError, match="manifest is damaged"):
        validate(flows)


def test_a_folder_of_shards_that_was_left_behind_names_every_clip(flows: Path) -> None:
    shards_folder(flows).rename(flows.with_name("elsewhere"))
    assert len(find_faults(read_index(flows))) == 4
