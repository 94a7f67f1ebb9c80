"""Published figures: those of the papers, and never mixed with what they are not."""

from pathlib import Path

import pytest

from raicl.data.protocols.protocol import Protocol, load_protocol, parse_protocol
from raicl.train.report.compare import compare
from raicl.train.report.page import write_page
from raicl.train.report.pasted import comparison_as
from raicl.train.report.published import beside_published, figures
from raicl.train.run.outcome import read_outcome, read_outcomes
from tests.train.markup import Page
from tests.train.runs import predictions_of, write_run


def of(databases: list[str]) -> list:
    truths = {f"{name}/sub{n}": (0, 1, 2) for name in databases for n in (1, 2)}
    return predictions_of(truths, wrong=[f"{databases[0]}/sub1/EP01"])


def section(folder: Path, databases: list[str], **results: object) -> list[dict]:
    run = write_run(folder, of(databases), results={"sheets": {}, **results})
    return beside_published([read_outcome(run, "mine")])


def test_the_papers_own_figures_are_those_of_its_tables() -> None:
    found = {(f.protocol, f.database, f.method): (f.uf1, f.uar) for f in figures()}
    assert found["cde", "composite", "Ra-ICL"] == (0.8805, 0.8911)
    assert found["cde", "casme2", "Ra-ICL"] == (0.9620, None)
    assert found["cde", "samm", "Ra-ICL"] == (0.8668, 0.8885)
    assert found["cde", "smic", "Ra-ICL"] == (0.8179, None)
    for protocol, uf1 in (("three", 0.7585), ("four", 0.6103), ("seven", 0.4432)):
        assert found[protocol, "casme3", "Ra-ICL"] == (uf1, None)


def test_no_figure_of_the_paper_claims_to_know_which_epoch_was_scored() -> None:
    """The paper does not say it; a table that did would be ours, not theirs."""
    paper = [figure for figure in figures() if "Ra-ICL, CVPR 2026" in figure.source]
    assert paper
    assert {figure.selection for figure in paper} <= {"unknown", "test-selected"}
    assert all(figure.uf1 or figure.uar for figure in figures())


def test_a_run_of_all_three_databases_stands_first_in_every_table(tmp_path: Path) -> None:
    [found] = section(tmp_path / "run", ["casme2", "samm", "smic"], official_list=[
        "official CDE list: no, these differ: casme2/sub1"])  # fmt: skip
    assert [table.title for table in found.tables] == [
        f"{name} ({counts} subjects are published)"
        for name, counts in {
            "composite": "442 clips of 68",
            "CASME II": "145 clips of 24",
            "SAMM": "133 clips of 28",
            "SMIC-HS": "164 clips of 16",
        }.items()
    ]
    for table in found.tables:
        assert table.rows[0].method == "this run, mine"
        assert table.rows[0].selection == "last epoch"
        assert table.rows[0].folds == "6 of 6"
        assert {row.clips for row in table.rows[1:]} == {"–"}  # nobody says them of the others
    assert [(table.rows[0].clips, table.rows[0].subjects) for table in found.tables] == [
        ("18", "6"), *[("6", "2")] * 3]  # fmt: skip
    assert found.notes == ["mine: official CDE list: no, these differ: casme2/sub1"]
    # of casme2 one clip is wrong; the other databases are perfect
    assert found.tables[1].rows[0].uf1 < 1
    assert found.tables[2].rows[0].uf1 == 1


@pytest.mark.parametrize(
    ("databases", "note"),
    [(["synthetic"], "not comparable with any published figure"),
     (["casme2"], "trained and tested on casme2 alone"),
     (["casme2", "synthetic"], "not comparable with any published figure")],
)  # fmt: skip
def test_a_run_of_something_else_is_kept_out_of_the_tables_with_a_note(
    tmp_path: Path, databases: list[str], note: str
) -> None:
    [found] = section(tmp_path / "run", databases)
    assert note in found.notes[0]
    assert not any(row.own for table in found.tables for row in table.rows)


def test_a_partial_run_says_so_beside_the_figures(tmp_path: Path) -> None:
    folds = {"done": 6, "all": 68}
    [found] = section(tmp_path / "run", ["casme2", "samm", "smic"], folds=folds)
    assert found.notes == ["mine: partial, 6 of 68 subjects"]


def test_a_run_whose_finished_folds_are_of_one_database_is_not_taken_for_a_run_on_it(
    tmp_path: Path,
) -> None:
    # CASME II comes first, so that any run of the composite is like this for a while
    databases, folds = ["casme2", "samm", "smic"], {"done": 2, "all": 68}
    [found] = section(tmp_path / "run", ["casme2"], folds=folds, all_databases=databases)
    assert found.notes == ["mine: partial, 2 of 68 subjects"]
    assert not any(row.own for table in found.tables for row in table.rows)


def test_a_run_on_a_part_of_a_database_says_so_beside_the_figures(tmp_path: Path) -> None:
    [found] = section(
        tmp_path / "run",
        ["casme3"],
        protocol="three",
        left_out={"casme3/spNO.1/x": "no apex", "casme3/spNO.2/y": "no apex"},
        unmet=["casme3: class negative  expected 88  found 6", "casme3: and 9 more subjects"],
    )
    assert found.notes == [
        "mine: 2 clips left out by its --sampling",
        "mine: its clips are not the published ones: casme3: class negative expected 88 found 6, "
        "see Published counts",
    ]


@pytest.mark.parametrize("databases", [["folder"], ["casme3"]])
def test_where_nothing_is_published_nothing_is_shown(tmp_path: Path, databases: list[str]) -> None:
    assert section(tmp_path / "run", databases) == []
    assert section(tmp_path / "five", databases, protocol="five") == []


def test_casme3_stands_beside_the_figures_of_its_own_protocol(tmp_path: Path) -> None:
    [found] = section(tmp_path / "run", ["casme3"], protocol="three")
    [table] = found.tables
    assert [row.method for row in table.rows] == [
        "this run, mine", "Ra-ICL", "Lite-Point-GCN"]  # fmt: skip
    assert found.notes == ["mine: 6 of the published 699 clips, of 2 of 88 subjects"]


TWO = """
name = "four"
title = "a private file"
classes = ["others", "negative"]
[databases.casme3.emotions]
disgust = "negative"
others = "others"
"""


def private(text: str = TWO, **changed: object) -> Protocol:
    return parse_protocol(text).model_copy(update=changed)


def test_a_private_protocol_with_a_published_name_is_beside_no_figure(tmp_path: Path) -> None:
    rows = predictions_of({f"casme3/spNO.{n}": (0, 1, 0, 1) for n in (1, 2)}, n_classes=2)
    run = write_run(tmp_path / "run", rows, classes=("others", "negative"), protocol=private())
    outcome = read_outcome(run, "mine")
    [found] = beside_published([outcome])
    assert found.protocol == "four"
    assert not any(row.own for table in found.tables for row in table.rows)
    [note, clips] = found.notes
    assert note.startswith(
        "mine: its protocol four is not raicl's four: casme3: classes others, negative in place of "
        "negative, positive, surprise, others; casme3: anger is left out in place of negative"
    )
    assert clips == "mine: 8 of the published 860 clips, of 2 of 94 subjects"
    write_page(tmp_path / "report.html", [outcome])
    text = " ".join(Page((tmp_path / "report.html").read_text()).all("main")[0].text.split())
    assert "Not the same: mine: its protocol four is not raicl's four" in text
    assert "four (not raicl's: casme3: classes others, negative in place of" in text


def test_the_composites_name_alone_does_not_make_a_composite(tmp_path: Path) -> None:
    cde = load_protocol("cde")
    casme2 = cde.databases["casme2"]
    rules = {**cde.databases, "casme2": casme2.model_copy(update={"require_apex": False})}
    other = cde.model_copy(update={"databases": rules})
    run = write_run(tmp_path / "run", of(["casme2", "samm", "smic"]), protocol=other)
    [found] = beside_published([read_outcome(run, "mine")])
    assert not any(row.own for table in found.tables for row in table.rows)
    assert found.notes[0] == (
        "mine: its protocol cde is not raicl's cde: casme2: no apex is needed in place of one"
    )


def test_the_same_rules_under_another_name_are_beside_the_figures(tmp_path: Path) -> None:
    renamed = load_protocol("three").model_copy(update={"name": "mine", "title": "copied"})
    run = write_run(tmp_path / "run", of(["casme3"]), protocol=renamed)
    [found] = beside_published([read_outcome(run, "mine")])
    assert found.protocol == "three"
    assert found.tables[0].rows[0].method == "this run, mine"
    assert found.notes[0] == "mine: its protocol mine has the rules of three"


@pytest.mark.parametrize("wanted", ["text", "markdown", "latex", "json", "csv"])
def test_compared_runs_say_that_their_protocol_is_private(tmp_path: Path, wanted: str) -> None:
    rows = predictions_of({f"casme3/spNO.{n}": (0, 1) for n in (1, 2)}, n_classes=2)
    classes = ("others", "negative")
    runs = [write_run(tmp_path / name, rows, classes=classes, protocol=private()) for name in "ab"]
    shown = comparison_as(wanted, compare(read_outcomes(runs)))  # type: ignore[arg-type]
    assert "casme3: classes others, negative in place of negative, positive" in shown
    if wanted != "json":
        assert "four (not raicl's: casme3" in shown


def test_results_of_before_say_it_too(tmp_path: Path) -> None:
    rows = predictions_of({f"casme3/spNO.{n}": (0, 1) for n in (1, 2)}, n_classes=2)
    run = write_run(tmp_path / "run", rows, classes=("others", "negative"), protocol=private())
    assert '"protocol_differs": ""' in (run / "results.json").read_text()  # as if it were unknown
    assert "classes others, negative" in read_outcome(run, "mine").results.protocol_differs
