"""A damaged or an old cache is mended by the command that made it, at the cost of what is lost."""

from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache, shards_folder
from raicl.common.cache.repair import repair
from raicl.common.cache.seal import is_unsealed
from raicl.common.errors import InputError
from raicl.preprocess.prepare import prepare
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.conftest import Make
from tests.preprocess.test_samplings import Counting
from tests.sealed import unseal_cache


def content(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [out, *shards_folder(out).iterdir()]}


@pytest.mark.promise("input 55")
def test_a_cache_of_an_older_raicl_is_sealed_and_no_flow_is_computed(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out, flow = make_database(3), tmp_path / "flows.h5", Counting()
    prepare(database, out, quick)
    fresh = content(out)
    unseal_cache(out)
    assert is_unsealed(out)
    rows = prepare(database, out, quick, flow=flow)
    assert {row.status for row in rows} == {"cached"}
    assert flow.asked == []
    assert content(out) == fresh


@pytest.mark.promise("fault 12", "fault 13")
@pytest.mark.parametrize("old", [False, True])
def test_a_damaged_index_is_built_again_from_the_whole_shards(
    make_database: Make, quick: PrepSettings, tmp_path: Path, old: bool
) -> None:
    database, out, flow = make_database(2), tmp_path / "flows.h5", Counting()
    prepare(database, out, quick)
    fresh = content(out)
    if old:
        unseal_cache(out)
    for damage in (lambda b: b[: len(b) // 2], lambda b: b[:700] + b"?" + b[701:], lambda b: b""):
        out.write_bytes(damage(out.read_bytes()))
        with pytest.raises(InputError) as caught:
            repair(out)
        assert "raicl-prep" in caught.value.fix
        assert "same --out" in caught.value.fix
        assert {row.status for row in prepare(database, out, quick, flow=flow)} == {"cached"}
        assert content(out) == fresh
    assert flow.asked == []


@pytest.mark.promise("fault 16")
def test_shards_that_have_changed_their_names_are_computed_again(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out, flow = make_database(3), tmp_path / "flows.h5", Counting()
    prepare(database, out, quick)
    fresh = content(out)
    first, second = sorted(shards_folder(out).iterdir())[:2]
    whole = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(whole)
    rows = prepare(database, out, quick, flow=flow)
    assert sorted(row.status for row in rows) == ["cached", "computed", "computed"]
    assert len(flow.asked) == 2
    assert content(out) == fresh


def test_what_repair_takes_out_is_all_that_is_computed_again(
    make_database: Make, quick: PrepSettings, tmp_path: Path
) -> None:
    database, out, flow = make_database(3), tmp_path / "flows.h5", Counting()
    prepare(database, out, quick)
    fresh = content(out)
    damaged = open_cache(out).shard_path(open_cache(out).records[1])
    damaged.write_bytes(damaged.read_bytes()[:-1])
    done = repair(out)
    assert [fault.id for fault in done.dropped] == [open_cache(out).manifest.failures[0].id]
    assert len(open_cache(out).records) == 2
    assert not damaged.exists()
    rows = prepare(database, out, quick, flow=flow)
    assert sorted(row.status for row in rows) == ["cached", "cached", "computed"]
    assert len(flow.asked) == 1
    assert content(out) == fresh
