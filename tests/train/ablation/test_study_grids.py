"""The grids of the paper's limits: one setting is swept, everything else is the reference's."""

from pathlib import Path
from typing import Any, get_args

import pytest

from raicl.common.settings import merge, read_toml
from raicl.train.ablation.grid import read_grid
from raicl.train.run.key import identifying
from raicl.train.run.reuse import training
from raicl.train.settings import TrainSettings, load_preset
from raicl.train.settings.networks import NETWORKS
from raicl.train.settings.train import ImbalanceName, InferName

GRIDS = Path(__file__).parents[3] / "train" / "grids"


def rows_of(grid: str) -> tuple[dict[str, dict[str, Any]], str]:
    """Rows by name with the settings in effect, and the reference."""
    values = read_toml(GRIDS / f"{grid}.toml")
    rows = {
        name: identifying(row.resolve(name, [], 0)) for name, row in read_grid(grid).rows.items()
    }
    return rows, values["reference"]


@pytest.mark.parametrize(
    ("grid", "swept", "values"),
    [
        ("frame-rate", "frame_rate", [None, 100, 50, 30]),
        ("n-frames", "n_frames", [1, 4, 8, 16, 24, 32]),
        ("imbalance", "imbalance", list(get_args(ImbalanceName))),
        ("window", "middle_at", [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
    ],
)
def test_a_sweep_changes_one_setting_and_its_reference_is_the_papers_middle(
    grid: str, swept: str, values: list[Any]
) -> None:
    rows, reference = rows_of(grid)
    assert [row[swept] for row in rows.values()] == values
    paper = identifying(merge(TrainSettings, ("M6", {"sampling": "middle"})))
    assert rows[reference] == paper
    for row in rows.values():
        assert {key for key in row if row[key] != paper[key]} <= {swept}


def test_errors_of_annotation_change_the_cache_alone() -> None:
    rows, reference = rows_of("annotation-error")
    assert all(row == rows[reference] for row in rows.values())
    values = read_toml(GRIDS / "annotation-error.toml")["rows"]
    flows = {name: row.get("flows", []) for name, row in values.items()}
    assert flows.pop(reference) == []
    assert flows == {name: [f"{{stem}}-{name}.h5"] for name in flows}
    assert set(flows) == {f"{end}{k:+d}" for end in ("onset", "offset") for k in (-4, -2, 2, 4)}


def test_ways_of_inference_are_one_training_but_for_the_target() -> None:
    rows = {name: row.resolve(name, [], 0) for name, row in read_grid("inference").rows.items()}
    assert {settings.infer for settings in rows.values()} == set(get_args(InferName))
    trained = {name: training(settings) for name, settings in rows.items()}
    assert [name for name, values in trained.items() if values != trained["middle"]] == ["target"]


def test_the_fixed_rows_of_the_samplings_change_one_thing_each() -> None:
    rows, reference = rows_of("sampling-fixed")
    assert rows[reference] == identifying(merge(TrainSettings, ("M6", {"sampling": "middle"})))
    own, scale = {"tested_frame": "trained"}, {"scale_fit": "middle"}
    changes = {"own": own, "scale": scale, "long": {"epochs": 200}}
    for name, values in rows.items():
        plain, _, kind = name.partition("-")
        assert values == rows[plain] | changes.get(kind, {})
    for kind, few in (("own", 4), ("scale", 4), ("long", 5)):
        assert sum(name.endswith(f"-{kind}") for name in rows) == few


def test_the_rows_of_the_networks_are_every_network_a_floor_and_a_control() -> None:
    base = [("tiny", load_preset("tiny"))]
    grid = read_grid("networks")
    rows = {name: row.resolve(name, base, 0) for name, row in grid.rows.items()}
    assert {settings.network for settings in rows.values()} == {*NETWORKS}
    assert [name for name, row in grid.rows.items() if row.control] == ["shuffled"]
    reference = identifying(rows[grid.reference])
    changes = {
        name: {k for k, v in identifying(settings).items() if v != reference[k]}
        for name, settings in rows.items()
    }
    ours = {"network", "size", "irc", "mrd"}
    assert changes.pop("ra-icl") == set()
    assert changes.pop("resnet18") == {"irc", "mrd"}
    assert changes.pop("shuffled") == {"control"}
    assert changes.pop("ststnet+ra-icl") == {"network", "size"}
    assert changes.pop("linear") == {*ours, "lr"}
    for name, changed in changes.items():
        assert ours <= changed
        assert (changed == ours) != name.endswith("-authors")
    # the frames and the classes of every row are those of the study
    free = {"sampling", "n_frames", "protocol", "infer", "imbalance", "flip_average"}
    assert not free & set().union(*changes.values())
