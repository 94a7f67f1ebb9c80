"""The grids of the paper's limits: one setting is swept, everything else is the reference's."""

from pathlib import Path
from typing import Any

import pytest

from raicl.common.settings import merge, read_toml
from raicl.train.run.key import identifying
from raicl.train.settings import TrainSettings

GRIDS = Path(__file__).parents[3] / "train" / "grids"


def rows_of(grid: str) -> tuple[dict[str, dict[str, Any]], str]:
    """Rows by name with the settings in effect, and the reference."""
    values = read_toml(GRIDS / f"{grid}.toml")
    rows = {
        name: identifying(merge(TrainSettings, (name, row.get("settings", {}))))
        for name, row in values["rows"].items()
    }
    return rows, values["reference"]


@pytest.mark.parametrize(
    ("grid", "swept", "values"),
    [
        ("frame-rate", "frame_rate", [None, 100, 50, 30]),
        ("n-frames", "n_frames", [1, 4, 8, 16, 24, 32]),
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
