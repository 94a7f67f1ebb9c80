from pathlib import Path

import pytest

from raicl.common.errors import InputError, UsageError
from raicl.common.order import natural_key
from raicl.common.settings import merge
from raicl.train.ablation.grid import Grid, GridRow, grid_names, read_grid
from raicl.train.report.published import ablation_figures
from raicl.train.settings import TrainSettings, preset_names


@pytest.mark.parametrize("name", grid_names())
def test_every_row_of_every_grid_gives_settings(name: str) -> None:
    for row_name, row in read_grid(name).rows.items():
        assert isinstance(row.resolve(row_name, [], 0), TrainSettings)
        assert row.note


def test_the_papers_grid_has_every_row_of_its_ablation_in_order() -> None:
    rows = list(read_grid("paper").rows)
    assert set(rows) == {name for name in preset_names() if name.startswith("M")}
    assert rows == sorted(rows, key=natural_key)
    # M3 and M10 are in no source
    assert set(rows) - set(ablation_figures()) == {"M3a", "M3b", "M10"}
    assert list(read_grid("sampling").rows) == rows[rows.index("M6") :]


def test_a_grid_of_ones_own_names_caches_beside_the_first(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'reference = "plain"\n[rows.plain]\n[rows.shifted]\n'
        'flows = ["{stem}.late.h5"]\nsettings = { epochs = 3 }\n'
    )
    grid = read_grid(str(path))
    flows = [tmp_path / "a.h5", tmp_path / "b.h5"]
    assert grid.rows["plain"].caches(flows) == tuple(flows)
    assert grid.rows["shifted"].caches(flows) == (tmp_path / "a.late.h5",)
    assert merge(TrainSettings, *grid.rows["shifted"].layers("shifted")).epochs == 3


def test_times_multiplies_what_the_row_has_whatever_gives_it() -> None:
    row = GridRow(preset="M8", settings={"pairs": 5}, times={"epochs": 2, "pairs": 3})
    for base, epochs in (([], 200), ([("--epochs", {"epochs": 7})], 14)):
        settings = row.resolve("long", base, 4)
        assert (settings.epochs, settings.pairs, settings.seed) == (epochs, 15, 4)
        assert settings.sampling == "all"
    for wrong in ("lr", "irc", "window", "epoch"):
        with pytest.raises(UsageError, match=f"times cannot multiply {wrong}"):
            GridRow(times={wrong: 2}).resolve("long", [], 0)
    with pytest.raises(UsageError, match="queries = 80"):  # out of bounds
        GridRow(times={"queries": 10}).resolve("long", [], 0)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("reference = 'A'\n", "rows: Field required"),
        ("reference = 'A'\n[rows]\n", "rows: Dictionary should have at least 1 item"),
        ("reference = 'B'\n[rows.A]\n", "B is not one of its rows"),
        ("reference = 'A'\n[rows.A]\nepochs = 3\n", "rows.A.epochs: Extra inputs"),
        ("reference = 'A'\nclaims = [{ lower = 'A' }]\n[rows.A]\n", "a claim is"),
        ("reference = 'A'\nclaims = [{ lower = 'A', higher = 'C' }]\n[rows.A]\n", "C is not one"),
        ("reference = '../x'\n[rows.'../x']\n", "cannot name a folder"),
        ("reference = 'A'\n[rows.A]\nsettings = { seed = 3 }\n", "rows.A: a row has no seed"),
        ("reference = 'A'\n[rows.A]\ntimes = { seed = 2 }\n", "rows.A: a row has no seed"),
        ("reference = 'A'\n[rows.A]\ntimes = { epochs = 0 }\n", "rows.A.times.epochs: Input"),
        ("reference = 'A'\n[rows.A]\ntimes = { epochs = 1.5 }\n", "rows.A.times.epochs: Input"),
        ("reference = 'A'\n[rows.A]\nflows = ['{name}.h5']\n", "in which {stem} may stand"),
        ("reference = 'A'\n[rows.A]\nflows = ['{stem.x}.h5']\n", "in which {stem} may stand"),
        ("reference = 'A'\n[rows.A]\nflows = ['sub/x.h5']\n", "and no folder"),
        ("reference = 'A'\n[rows.A]\nflows = ['']\n", "a file's name"),
        ("reference = [", "not a TOML file"),
    ],
)
def test_what_is_no_grid_is_refused_with_the_place(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=what) as caught:
        read_grid(str(path))
    assert caught.value.where == str(path)


def test_an_unknown_grid_or_row_is_a_usage_error_that_names_those_there_are() -> None:
    grid = read_grid("paper")
    for wrong, fix in (
        (lambda: read_grid("papers"), "paper, sampling"),
        (lambda: grid.part(["M6", "M13"]), "did you mean M1"),
        (lambda: grid.part(["M6", "M6"]), "once"),
        (lambda: grid.part(["M1", "M2"]), "add M6"),
        (lambda: grid.compared_with("M13"), "one of M1"),
    ):
        with pytest.raises(UsageError) as caught:
            wrong()
        assert fix in caught.value.fix


def test_a_part_keeps_the_order_of_the_grid_and_the_claims_about_its_rows() -> None:
    part = read_grid("paper").part(["M6", "M1", "M2"])
    assert list(part.rows) == ["M1", "M2", "M6"]
    assert [claim.rows for claim in part.claims] == [("M1", "M2"), ("M2", "M6")]
    assert isinstance(part.compared_with("M2"), Grid)
