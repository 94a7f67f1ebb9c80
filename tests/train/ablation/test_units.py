"""Jobs of an array run the units of one study together."""

import json
from collections import Counter
from pathlib import Path

import pytest

from raicl.common.share import Share
from raicl.train.ablation.grid import Grid, GridRow
from raicl.train.ablation.units import plan_units, units_of
from tests.train.ablation.conftest import Words
from tests.train.conftest import Raicl

ROWS = {
    "whole": GridRow(preset="", settings={}),
    "plain": GridRow(preset="", settings={"irc": False}),
    "tested": GridRow(preset="", settings={"infer": "mean"}),  # trained as whole is
}


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_shares_are_all_units_and_none_twice_and_what_trains_alike_stays_together(
    count: int,
) -> None:
    grid = Grid(reference="whole", rows=ROWS, claims=())
    units = plan_units(grid, (0, 1, 2), [Path("flows.h5")], [], Path("study"))
    shares = [units_of(Share(index, count), units) for index in range(count)]
    assert Counter(unit.name for share in shares for unit in share) == Counter(
        unit.name for unit in units
    )
    for share in shares:
        rows = {(unit.row, unit.seed) for unit in share}
        assert all((("tested", seed) in rows) == (("whole", seed) in rows) for seed in range(3))


def test_the_last_share_leaves_the_table_of_all_units(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    once = [*study, "--rows", "plain,whole", "--seeds", 0]
    assert raicl(*once, "--dir", tmp_path / "alone").code == 0
    first = raicl(*once, "--shard", "1/2")
    assert first.code == 0, first.err
    assert "unfinished: 1 of 2 units have results" in first.out
    assert raicl(*once, "--shard", "0/2").code == 0
    assert raicl(*once, "--shard", "2/3").code == 0  # fewer units than parts
    tables = [
        json.loads((tmp_path / name / "table.json").read_text()) for name in ("study", "alone")
    ]
    for table in tables:
        for row in table["rows"]:
            del row["cost"]["fold_seconds"]
    assert tables[0] == tables[1]
    assert "2 of 2 units are finished already" in raicl(*once).err
