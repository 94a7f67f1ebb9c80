"""Classes without a tested clip: they count 0, and every table says so."""

from pathlib import Path

import pytest

from raicl.train.ablation.pasted import table_as
from raicl.train.ablation.table import tabulate
from raicl.train.report.compare import compare
from raicl.train.report.page import write_page
from raicl.train.report.pasted import comparison_as
from raicl.train.run.outcome import read_outcome, read_outcomes
from raicl.train.scores.absent import over_tested
from raicl.train.scores.results import Results
from raicl.train.scores.summary import results_text, summarise
from tests.train.markup import Page
from tests.train.runs import CLASSES, predictions_of, results_of, write_run
from tests.train.studies import study_of

NO_SURPRISE = {f"casme2/sub{n:02d}": (0, 1, 0) for n in range(1, 5)}
WORDS = "surprise has no tested clip and counts 0, so that UF1 and UAR cannot exceed 0.6667"


def test_a_perfect_result_without_a_class_cannot_be_1_and_says_so() -> None:
    results = summarise(predictions_of(NO_SURPRISE), CLASSES)
    assert (results.uf1, results.uar) == pytest.approx((2 / 3, 2 / 3))
    found = results.over_tested
    assert found is not None
    assert found.absent == ("surprise",)
    assert (found.most, found.uf1, found.uar) == pytest.approx((2 / 3, 1, 1))
    text = results_text(results_of(results))
    assert f"{WORDS}; over the classes with clips UF1 is 1.0000 and UAR 1.0000" in text


def test_an_absent_class_that_is_given_to_clips_is_no_class_of_the_mean() -> None:
    """F1 of the class that is wrongly given is 0; that of the others has their misses in it."""
    rows = predictions_of(NO_SURPRISE, wrong=["casme2/sub01/EP02"])  # one positive given surprise
    results = summarise(rows, CLASSES)
    found = results.over_tested
    assert found is not None
    positive = 2 * 3 / (2 * 3 + 1)  # 3 of 4 clips, none too many
    assert found.uf1 == pytest.approx((1 + positive) / 2)
    assert found.uar == pytest.approx((1 + 3 / 4) / 2)


def test_where_every_class_is_tested_nothing_is_said() -> None:
    results = summarise(predictions_of({"casme2/sub01": (0, 1, 2)}), CLASSES)
    assert results.over_tested is None
    assert "no tested clip" not in results_text(results_of(results))
    assert over_tested({"a": 0, "b": 0}, 0.0, 0.0) is None  # nothing is tested: no mean either


def test_results_hold_it_and_those_of_before_are_read(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", predictions_of(NO_SURPRISE))
    content = (run / "results.json").read_text()
    assert '"absent": [' in content
    outcome = read_outcome(run, "run")  # which compares the scores with the predictions
    values = outcome.results.model_dump(mode="json")
    before = {key: value for key, value in values.items() if key != "over_tested"}
    assert Results.model_validate(before).over_tested == outcome.results.over_tested


def test_a_database_without_a_class_is_told_beside_its_scores() -> None:
    truths = {**NO_SURPRISE, **{f"smic/s{n}": (0, 1, 2) for n in (1, 2)}}
    results = results_of(summarise(predictions_of(truths), CLASSES))
    assert results.over_tested is None
    lines = results_text(results).splitlines()
    assert f"casme2: {WORDS}; over the classes with clips UF1 is 1.0000 and UAR 1.0000" in lines
    assert not any(line.startswith("smic: ") for line in lines)


def test_the_report_says_it_above_its_scores(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", predictions_of(NO_SURPRISE))
    write_page(tmp_path / "report.html", read_outcomes([run]))
    text = " ".join(Page((tmp_path / "report.html").read_text()).all("main")[0].text.split())
    assert f"Not every class: run run, {WORDS}; over the classes" in text


@pytest.mark.parametrize("wanted", ["text", "markdown", "latex", "json"])
def test_compared_runs_and_their_pasted_tables_say_it(tmp_path: Path, wanted: str) -> None:
    runs = [write_run(tmp_path / name, predictions_of(NO_SURPRISE)) for name in "ab"]
    compared = compare(read_outcomes(runs))
    assert WORDS in comparison_as(wanted, compared)  # type: ignore[arg-type]


@pytest.mark.parametrize("wanted", ["text", "markdown", "latex", "json"])
def test_a_study_says_it(tmp_path: Path, wanted: str) -> None:
    rows = predictions_of({f"synthetic/sub{n:02d}": (0, 1, 0) for n in range(1, 5)})
    table = tabulate(study_of(tmp_path, {"M1": [rows], "M6": [rows]}), {})
    assert WORDS in table_as(wanted, table, tmp_path)  # type: ignore[arg-type]
