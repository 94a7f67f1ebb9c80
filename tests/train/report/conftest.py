"""A page about two runs that were only written, and a run that was really trained."""

import shutil
from pathlib import Path

import pytest

from raicl.train.report.page import write_page
from raicl.train.run.outcome import Outcome, read_outcome, read_outcomes
from tests.train.runs import TRUTHS, predictions_of, seal_again, write_run


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


@pytest.fixture
def outcome(tmp_path: Path, trained: Path) -> Outcome:
    """The run of `trained` beside its cache, ``flows.h5``, as if both had been made here."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    environment = tmp_path / "run/env.json"
    environment.write_text(environment.read_text().replace(str(trained), str(tmp_path)))
    seal_again(tmp_path / "run")
    return read_outcome(tmp_path / "run", "run")
