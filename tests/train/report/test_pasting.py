"""Tables for a paper: what a reader of markdown or LaTeX gets is what the cells say."""

import csv
import io
import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import LatexEnvironmentNode, LatexMacroNode, LatexWalker

from raicl.train.report.pasting import Cell, Pasted, latex, markdown
from tests.train.conftest import Raicl
from tests.train.runs import predictions_of, write_run

HOSTILE = r"a_b & 50 % {x} $y$ #1 ~ ^ \end{tabular} | *<i>* ± −1"
TABLE = Pasted(
    caption="Caption: 95 % & λ.",
    columns=("", "UF1", "95 %"),
    rows=((Cell(HOSTILE), Cell("63.9 ± 1.8", best=True), Cell("−0.4 to 3.4")),) * 2,
)


def cells_of_latex(text: str) -> list[list[str]]:
    """Cells of the rows of the table as a reader of the page sees them."""
    [table] = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()[0]
    assert isinstance(table, LatexEnvironmentNode)
    [tabular] = [n for n in table.nodelist if isinstance(n, LatexEnvironmentNode)]
    rows, row = [], [""]
    for node in tabular.nodelist:
        if isinstance(node, LatexMacroNode) and node.macroname == "\\":
            rows.append([cell.strip() for cell in row])
            row = [""]
        elif isinstance(node, LatexMacroNode) and node.macroname.endswith("rule"):
            continue
        elif node.latex_verbatim() == "&":
            row.append("")
        else:
            row[-1] += LatexNodes2Text().nodelist_to_text([node])
    return rows


def as_typeset(text: str) -> str:
    """A text as pylatexenc gives it back."""
    return text.replace("−", "-").replace("^", "ˆ")


def cells_of_markdown(text: str) -> list[list[str]]:
    rows: list[list[str]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and token.level > 1:
            rows[-1].append("".join(child.content for child in token.children or []))
    return rows


def test_latex_shows_each_cell_whatever_characters_it_has() -> None:
    header, *rows = cells_of_latex(latex(TABLE))
    assert header == list(TABLE.columns)
    for row in rows:
        assert row == [as_typeset(cell.text) for cell in TABLE.rows[0]]
    assert latex(TABLE).count(r"\textbf{63.9 $\pm$ 1.8}") == 2
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert latex(TABLE).count(rule) == 1


def test_markdown_shows_each_cell_whatever_characters_it_has() -> None:
    text = markdown(TABLE)
    header, *rows = cells_of_markdown(text)
    assert header == list(TABLE.columns)
    assert rows == [[cell.text for cell in row] for row in TABLE.rows]
    assert text.count("**63.9 ± 1.8**") == 2
    assert text.endswith("\n\nCaption: 95 % & λ.")


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Runs of seven subjects: one always right, one often wrong, and one nearly always right."""
    subjects = {f"synthetic/sub{n:02d}": (0, 1, 2, 0) for n in range(1, 8)}
    wrong = {
        "right": [],
        "poor": [f"{name}/EP0{k}" for name in subjects for k in (1, 2)],
        "near": ["synthetic/sub01/EP02"],
    }
    return [
        write_run(tmp_path / name, predictions_of(subjects, wrong=clips))
        for name, clips in wrong.items()
    ]


def test_bold_is_only_what_is_told_from_every_other_run(runs: list[Path], raicl: Raicl) -> None:
    right, poor, near = runs
    two = raicl("compare", poor, right, "--format", "markdown")
    assert two.code == 0, two.err
    rows = cells_of_markdown(two.out)
    assert rows[0] == ["", "UF1", "95 %", "UAR", "95 %", "UF1 minus poor", "95 %", "p", "Holm"]
    assert rows[2][:2] == ["right", "100.0"]
    assert two.out.count("**100.0**") == 2  # UF1 and UAR
    assert "above 0" in two.out
    three = raicl("compare", poor, right, near, "--format", "latex").out
    assert r"\textbf" not in three  # one subject with one error: its draws may lack it
    assert "above 0" not in three
    for fact in ("cde, leave-one-subject-out", "7 of 7 done", "28 clips of 7 subjects"):
        assert fact in " ".join(three.split())


def test_p_of_several_runs_is_corrected(runs: list[Path], raicl: Raicl) -> None:
    right, poor, near = runs
    found = json.loads(raicl("compare", right, poor, near, "--json").out)["against_first"]
    ps = [row["scores"]["uf1"]["p"] for row in found]
    assert ps == [2 / 2**7, 1]
    assert [row["holm_p"] for row in found] == [2 * 2 / 2**7, 1]
    assert "Holm's p of UF1, over 2 differences: 0.0312" in raicl("compare", *runs).out
    assert "Holm" not in raicl("compare", *runs[:2]).out


def test_the_lines_of_csv_hold_the_numbers_of_json(runs: list[Path], raicl: Raicl) -> None:
    compared = json.loads(raicl("compare", *runs, "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(raicl("compare", *runs, "--format", "csv").out)))
    for row, run in zip(rows, compared["runs"], strict=True):
        assert (row["run"], float(row["uf1"])) == (run["name"], run["uf1"])
        assert [float(row["uar_low"]), float(row["uar_high"])] == run["interval_95"]["uar"]
    assert rows[0]["uf1_difference"] == ""
    assert float(rows[1]["holm_p"]) == compared["against_first"][0]["holm_p"]
