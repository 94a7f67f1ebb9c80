"""The calibration of a run on the page."""

import dataclasses
from pathlib import Path

import pytest

from raicl.train.fold.calibration import Calibration
from raicl.train.report.calibration import calibration
from raicl.train.report.page import write_page
from raicl.train.run.outcome import Outcome, read_outcome
from raicl.train.scores.calibration import reliability
from raicl.train.scores.predictions import write_predictions
from tests.train.markup import Page
from tests.train.runs import CLASSES, TRUTHS, edit_sealed, predictions_of, write_run

WRONG = ["synthetic/sub02/EP02", "synthetic/sub04/EP01"]


@pytest.fixture
def calibrated(tmp_path: Path) -> Outcome:
    """A run whose probabilities were .9 before they were calibrated to .5."""
    rows = predictions_of(TRUTHS, wrong=WRONG)
    run = write_run(tmp_path / "run", rows)
    before = [
        dataclasses.replace(
            row, probabilities=tuple(0.9 if p == 0.5 else 0.05 for p in row.probabilities)
        )
        for row in rows
    ]
    write_predictions(run / "uncalibrated.csv", before, CLASSES)
    config = run / "config.toml"
    config.write_text(config.read_text().replace('calibration = "none"', 'calibration = "inner"'))
    for n in range(1, 5):
        path = run / f"folds/synthetic/sub{n:02d}/done.json"
        found = Calibration(
            temperature=1.5 + n / 4,
            subjects=(f"synthetic/sub{5 - n:02d}",),
            clips=4,
            nll_before=1.5,
            nll_after=0.75,
        )
        edit_sealed(path, calibration=vars(found))
    return read_outcome(run, "run")


def section(run: Outcome, tmp_path: Path) -> tuple[Page, str]:
    write_page(tmp_path / "page.html", [run], faces=False)
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    return page, " ".join(page.all("main")[0].text.split())


def test_before_and_after_stand_side_by_side(tmp_path: Path, calibrated: Outcome) -> None:
    page, said = section(calibrated, tmp_path)
    table = next(e for e in page.all("table") if "Calibration of the pooled" in e.text)
    shown = [float(data.attributes["value"]) for data in table.find("data")]
    after = reliability(calibrated.predictions, seed=0)
    before = reliability(calibrated.uncalibrated, seed=0)
    assert after.ece == pytest.approx(14 / 16 - 0.5)
    assert before.ece == pytest.approx(0.9 - 14 / 16)
    expected: list[float] = []
    for key in ("ece", "nll", "brier", "aurc"):
        for found in (after, before):
            assert found.interval_95 is not None
            expected += [getattr(found, key), *getattr(found.interval_95, key)]
    assert shown == [*expected, *after.ece_by_chance, *before.ece_by_chance]
    assert "median 2.12, from 1.75 to 2.50. It changes no class." in said
    rows = next(e for e in page.all("table") if "Temperature of each fold" in e.text)
    assert "synthetic/sub01" in rows.text
    assert [float(d.attributes["value"]) for d in rows.find("data")][:3] == [1.75, 1.5, 0.75]


def test_the_diagram_is_said_in_words(calibrated: Outcome) -> None:
    diagram, curve = calibration(calibrated).charts
    assert diagram.alt == (
        "Reliability diagram. Calibrated: 0.88 right at 0.50 (16 clips). "
        "Before: 0.88 right at 0.90 (16 clips)."
    )
    assert "Calibrated: 0.12 wrong among the surest 100%, 0.12 among all" in curve.alt
    for chart in (diagram, curve):
        assert chart.pictures["light"] != chart.pictures["dark"]


def test_a_run_without_calibration_has_its_numbers_too(tmp_path: Path) -> None:
    run = read_outcome(write_run(tmp_path / "run"), "run")
    page, said = section(run, tmp_path)
    assert "The run is not calibrated" in said
    table = next(e for e in page.all("table") if "Calibration of the pooled" in e.text)
    assert "As given" in table.text
    assert "Before" not in table.text
    assert not [e for e in page.all("table") if "Temperature of each fold" in e.text]
    bins = next(e for e in page.all("table") if "Bins of the confidence" in e.text)
    assert "16" in bins.text
