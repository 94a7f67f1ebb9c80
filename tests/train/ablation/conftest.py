"""A grid of three rows on three subjects."""

import json
from pathlib import Path

import pytest

from raicl.train.settings import TrainSettings
from tests.train.conftest import MakeCache

Words = list[object]

GRID = """
reference = "whole"
claims = [{ lower = "plain", higher = "whole" }, { alike = ["whole", "apex"] }]
[rows.plain]
note = "cross-entropy alone"
settings = { irc = false, mrd = false }
[rows.whole]
[rows.apex]
settings = { sampling = "apex" }
"""


@pytest.fixture
def study(tmp_path: Path, make_cache: MakeCache, small: TrainSettings) -> Words:
    """The words of a command on three subjects, and where it puts its runs: ``tmp_path/study``."""
    grid, base = tmp_path / "mine.toml", tmp_path / "base.toml"
    grid.write_text(GRID)
    values = small.model_copy(update={"threads": 1}).model_dump(mode="json", exclude_none=True)
    del values["seed"], values["irc"], values["mrd"]  # the rows' own
    base.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
    flows = make_cache(tmp_path / "flows.h5")
    options = ["--grid", grid, "--config", base, "--dir", tmp_path / "study"]
    return ["ablate", flows, *options, "--seeds", "0,1"]
