"""A page about two runs."""

from pathlib import Path

import pytest

from raicl.train.report.page import write_page
from raicl.train.run.outcome import read_outcomes
from tests.train.runs import TRUTHS, predictions_of, write_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    more = predictions_of(TRUTHS, wrong=["synthetic/sub02/EP02", "synthetic/sub04/EP01"])
    return [write_run(folder / "first"), write_run(folder / "second", more, seed=1, folds=9)]


@pytest.fixture(scope="module")
def text(runs: list[Path]) -> str:
    out = runs[0].parent / "report.html"
    write_page(out, read_outcomes(runs))
    return out.read_text(encoding="utf-8")
