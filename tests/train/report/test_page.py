"""The page of a report: self-contained, escaped, true to the results, and readable by anybody."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from raicl.common.errors import ConflictError, SetupError
from raicl.common.versioned import write_versioned
from raicl.train.report.measured import Measurements
from raicl.train.report.page import write_page
from raicl.train.run.outcome import read_outcomes
from tests.train.markup import Page
from tests.train.runs import CLASSES, TRUTHS, predictions_of, write_run

HOSTILE = "<img src=x onerror=alert(1)>\"&amp;'</style><script>alert(2)</script>"


def written(run: Path, **options: Any) -> str:
    out = run.parent / f"{run.name}.html"
    write_page(out, read_outcomes([run]), **options)
    return out.read_text(encoding="utf-8")


def numbers(value: object) -> list[float]:
    """Every number in the scores of results, however deep."""
    if isinstance(value, dict):
        return [n for child in value.values() for n in numbers(child)]
    if isinstance(value, list):
        return [n for child in value for n in numbers(child)]
    return [value] if isinstance(value, (int, float)) else []


def test_every_score_of_the_results_stands_in_the_page_and_is_shown_rounded(
    runs: list[Path], text: str
) -> None:
    shown = [(e.attributes["value"], e.text) for e in Page(text).all("data")]
    for value, rounded in shown:
        digits = len(rounded.partition(".")[2])
        assert float(rounded.replace("−", "-")) == pytest.approx(
            float(value), abs=0.5 * 10**-digits + 1e-12
        )
    held = {float(value) for value, _ in shown}
    for run in runs:
        results = json.loads((run / "results.json").read_text())
        scores = [results[key] for key in ("uf1", "uar", "accuracy", "interval_95", "confusion")]
        scores += [[row["f1"], row["recall"]] for row in results["classes"].values()]
        strata = [row for row in results["strata"].values() if row["clips"]]
        assert len(strata) == 4
        scores += [[row[k] for k in ("motion_px", "uf1", "uar", "accuracy")] for row in strata]
        assert set(numbers(scores)) <= held


def test_strata_stand_from_the_weakest_to_the_strongest(text: str) -> None:
    table = next(e for e in Page(text).all("table") if "quartile of mean flow" in e.text)
    rows = [e for e in table.children[2].children if e.tag == "tr"]
    assert [row.children[0].text for row in rows] == ["weakest", "weak", "strong", "strongest"]


def test_the_scores_of_a_run_stand_in_its_row(runs: list[Path], text: str) -> None:
    table = next(e for e in Page(text).all("table") if "Pooled scores" in e.text)
    rows = [e for e in table.children[2].children if e.tag == "tr"]
    for row, run in zip(rows, runs, strict=True):
        results = json.loads((run / "results.json").read_text())
        assert row.children[0].text == run.name
        found = [
            float(data.attributes["value"])
            for cell in row.children
            for data in cell.children
            if data.tag == "data"
        ]
        assert found == [results[key] for key in ("uf1", "uar", "accuracy")]
        done, every = results["folds"]["done"], results["folds"]["all"]
        assert row.children[-1].text == f"{done} of {every}"


def test_the_comparison_is_that_of_the_command(runs: list[Path], text: str) -> None:
    from raicl.train.report.compare import compare

    [other] = compare(read_outcomes(runs)).against_first
    table = next(e for e in Page(text).all("table") if "Paired differences" in e.text)
    shown = [float(data.attributes["value"]) for data in table.find("data")]
    rows = other.scores.values()
    assert shown == [
        n for row in rows for n in (row.difference, *row.interval_95, row.p, row.least_p)
    ]
    assert "fewer than six subjects have none" in " ".join(text.split())


def test_the_same_runs_give_the_same_bytes(runs: list[Path], text: str, tmp_path: Path) -> None:
    write_page(tmp_path / "again.html", read_outcomes(runs))
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text


def test_nothing_is_asked_of_a_network(text: str) -> None:
    page = Page(text)
    assert page.all("script", "iframe", "object", "embed", "base", "form") == []
    for element in page.elements:
        for name in ("src", "srcset", "poster", "data", "action"):
            assert element.attributes.get(name, "data:").startswith("data:")
        assert element.attributes.get("href", "#").startswith(("#", "data:"))
        assert not any(name.startswith("on") for name in element.attributes)
    assert "url(" not in text
    assert "@import" not in text
    [policy] = [e for e in page.all("meta") if "http-equiv" in e.attributes]
    assert policy.attributes["content"].startswith("default-src 'none'; img-src data:;")


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    classes = (HOSTILE, "positive", "surprise")
    first, *rows = predictions_of(TRUTHS, wrong=["synthetic/sub01/EP01"])
    rows.append(dataclasses.replace(first, clip=f"synthetic/sub01/{HOSTILE}"))
    run = write_run(tmp_path / "hostile", rows, classes=classes, results={"selection": HOSTILE})
    text = written(run)
    page = Page(text)
    assert page.all("script") == []
    assert [e for e in page.all("img") if not e.attributes["src"].startswith("data:")] == []
    assert "onerror=alert(1)&gt;" in text
    for caption in ("Scores per class", "Clips given another class"):
        assert HOSTILE in next(e for e in page.all("table") if caption in e.text).text
    assert text.count("</style>") == 1


def test_a_partial_run_and_what_is_missing_are_said(text: str) -> None:
    said = " ".join(next(e for e in Page(text).all("main")).text.split())
    assert "Partial: run second has finished 4 of 9 folds" in said
    assert "5 of 9 folds are not done: every score is of a part." in said
    assert "The caches of the run are not where they were" in said
    assert "raicl report RUN --flows FLOWS" in said
    assert "The run drew no picture while it trained" in said


def test_what_was_run_is_told_without_the_folders_of_the_machine(text: str) -> None:
    said = " ".join(next(e for e in Page(text).all("main")).text.split())
    assert "raicl-train flows.h5 --fold all" in said
    for word in (
        "last epoch of a fixed budget",
        "ab" * 32,
        "torch 2.6.0",
        "0123456789ab",
        "2 fear",
    ):
        assert word in said
    assert "/somewhere" not in text


def test_that_nothing_was_chosen_on_a_test_subject_is_said_of_fixed_budgets_alone(
    tmp_path: Path, text: str
) -> None:
    assert "No number was chosen on a" in text
    chosen = write_run(tmp_path / "chosen", results={"selection": "best epoch on the test subject"})
    assert "No number was chosen on a" not in written(chosen)


def test_of_two_runs_one_may_have_no_test_selected_score(tmp_path: Path) -> None:
    oracle = {"selection": "test-selected, invalid", "epochs": {}} | dict.fromkeys(
        ("uf1", "uar", "accuracy"), 0.9
    )
    runs = [
        write_run(tmp_path / "seen", results={"oracle": oracle}),
        write_run(tmp_path / "unseen", seed=1),
    ]
    write_page(tmp_path / "page.html", read_outcomes(runs))
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    cells = [cell.text.strip() for cell in page.all("td")]
    assert cells.count("not computed") == 1


def test_runs_of_other_clips_are_told_side_by_side_with_the_reason(
    tmp_path: Path, runs: list[Path]
) -> None:
    other = write_run(tmp_path / "other", predictions_of(TRUTHS)[:-1])
    write_page(tmp_path / "page.html", read_outcomes([runs[0], other]))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "synthetic/sub04/EP04 is in first alone" in text
    assert "Paired differences" not in text


def test_one_subject_has_no_interval_in_the_page(tmp_path: Path) -> None:
    run = write_run(tmp_path / "one", predictions_of({"synthetic/sub01": (0, 1, 2)}), folds=4)
    scores = ("UF1", "UAR", "accuracy", "calibration error", "log-likelihood", "Brier", "risk")
    assert written(run).count("no interval from one subject") == len(scores)


def test_a_long_run_of_many_subjects_stays_small(tmp_path: Path) -> None:
    truths = {f"synthetic/sub{n:02d}": (0, 1, 2, 0, 1, 2, 0) for n in range(68)}
    rows = predictions_of(truths, wrong=[f"synthetic/sub{n:02d}/EP02" for n in range(68)])
    assert len(written(write_run(tmp_path / "long", rows, epochs=100))) < 5e5


def test_without_jinja2_the_installation_is_at_fault(
    tmp_path: Path, runs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(SetupError) as refused:
        write_page(tmp_path / "page.html", read_outcomes(runs))
    assert "pip install 'raicl[demo]'" in refused.value.fix
    assert not (tmp_path / "page.html").exists()


def test_a_page_is_replaced_and_any_other_file_is_not(tmp_path: Path, runs: list[Path]) -> None:
    cache = tmp_path / "flows.h5"
    cache.write_bytes(b"\x89HDF")
    with pytest.raises(ConflictError, match="is not a page"):
        write_page(cache, read_outcomes(runs))
    assert cache.read_bytes() == b"\x89HDF"
    for _ in range(2):
        write_page(tmp_path / "page.html", read_outcomes(runs))


def test_measures_of_an_earlier_page_do_not_stay_and_another_file_is_not_replaced(
    tmp_path: Path, runs: list[Path]
) -> None:
    beside = tmp_path / "page.regions.json"
    write_versioned(beside, Measurements(runs=()))
    assert write_page(tmp_path / "page.html", read_outcomes(runs)) is None
    assert not beside.exists()
    beside.write_text('{"mine": 1}')
    with pytest.raises(ConflictError, match="beside the page exists and holds none"):
        write_page(tmp_path / "page.html", read_outcomes(runs))
    assert beside.read_text() == '{"mine": 1}'


def test_classes_are_those_of_the_run(text: str) -> None:
    table = next(e for e in Page(text).all("table") if "Confusion" in e.text)
    headers = [e.text for e in table.children[1].children[0].children[1:]]
    assert tuple(headers) == CLASSES
