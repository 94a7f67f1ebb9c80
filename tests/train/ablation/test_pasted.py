"""A study's table for a paper."""

import json
from dataclasses import replace
from pathlib import Path

from raicl.train.ablation.grid import GridRow
from raicl.train.ablation.pasted import study_pasted, table_as
from raicl.train.ablation.table import tabulate
from raicl.train.report.ablation import StudyTable
from tests.train.report.test_pasting import as_typeset, cells_of_latex, cells_of_markdown
from tests.train.studies import MANY, SOME, study_of, wrong

ROWS = {"best": [wrong(), wrong(*SOME[:1])], "base": [wrong(*MANY), wrong(*MANY[1:])]}


def test_rows_have_scores_differences_and_parameters(tmp_path: Path) -> None:
    table = tabulate(study_of(tmp_path, ROWS), {})
    pasted = study_pasted(table)
    best, base = pasted.rows
    assert pasted.columns[5] == "UF1 minus base"
    assert [cell.text for cell in base[5:9]] == ["–"] * 4
    score = table.rows[0].scores.uf1
    assert best[1].text == f"{100 * score.mean:.1f} ± {100 * score.sd:.1f}"
    assert (base[1].best, best[1].best) == (False, True)
    assert "seeds 0, 1" in pasted.caption
    assert "Protocol cde" in pasted.caption
    assert "above 0" in pasted.caption
    texts = [cell.text for cell in best]
    assert cells_of_markdown(table_as("markdown", table, tmp_path))[1] == texts
    assert cells_of_latex(table_as("latex", table, tmp_path))[1] == list(map(as_typeset, texts))


def test_rows_that_are_not_told_apart_have_no_best_one(tmp_path: Path) -> None:
    rows = {"first": [wrong(*SOME[:1])], "second": [wrong(*SOME[1:2])]}
    table = tabulate(study_of(tmp_path, rows), {})
    assert table.best == {}
    assert not any(cell.best for row in study_pasted(table).rows for cell in row)


def test_what_nobody_knows_of_the_flow_is_said_in_every_form(tmp_path: Path) -> None:
    study = study_of(tmp_path, ROWS)
    assert "flow" not in tabulate(study, {}).integrity
    said = "unit unknown, zero and sign lost; mirrored without negating u"
    for unit in study.units:
        path = unit.folder / "results.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"flow": said}))
    table = tabulate(study, {})
    for wanted in ("text", "markdown", "latex", "json"):
        assert said in table_as(wanted, table, tmp_path)


def test_a_control_is_no_rival_of_the_best_row(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"chance": [wrong(), wrong()]} | ROWS)
    assert "uf1" not in tabulate(study, {}).best  # as good a row as any other
    rows = study.grid.rows | {"chance": GridRow(control=True)}
    marked = replace(study, grid=study.grid.model_copy(update={"rows": rows}))
    assert tabulate(marked, {}).best["uf1"] == "best"


def test_a_table_of_before_has_no_best_row(tmp_path: Path) -> None:
    table = tabulate(study_of(tmp_path, ROWS), {})
    values = table.model_dump(mode="json")
    assert values["best"] == {"uf1": "best", "uar": "best", "accuracy": "best"}
    del values["best"]
    assert StudyTable.model_validate(values).best == {}


def test_a_row_without_results_is_shown_as_missing(tmp_path: Path) -> None:
    table = tabulate(study_of(tmp_path, {"none": []} | ROWS), {"none, seed 0": "it broke"})
    [none] = [row for row in study_pasted(table).rows if row[0].text == "none"]
    assert {cell.text for cell in none[1:]} == {"–"}
    assert "Unfinished: " in study_pasted(table).caption
