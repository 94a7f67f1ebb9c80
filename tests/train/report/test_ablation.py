"""The ablation in a page: what `raicl ablate` wrote, every score with its row."""

import base64
import json
from pathlib import Path

import pytest

from raicl.common.errors import InputError, VersionError
from raicl.train.ablation.grid import Claim
from raicl.train.ablation.table import tabulate, write_table
from raicl.train.report.page import write_page
from raicl.train.run.outcome import read_outcomes
from tests.train.markup import Page
from tests.train.runs import write_run
from tests.train.studies import ALL, MANY, SOME, study_of, wrong

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The folder of a study of M1 and M6, whose second seed lacks M1."""
    folder = tmp_path / "study"
    rows = {"M1": [wrong(*MANY)], "M6": [wrong(*SOME), wrong(*ALL[:3])]}
    study = study_of(folder, rows, Claim(lower="M1", higher="M6"), presets=True)
    write_table(folder, tabulate(study, {"M1, seed 1": HOSTILE}))
    return folder


def test_a_chart_shows_each_difference_with_its_interval(tmp_path: Path, study: Path) -> None:
    table = json.loads((study / "table.json").read_text())
    found = table["rows"][0]["against_reference"]["uf1"]
    page = page_of(tmp_path, study)
    [picture] = [i for i in page.all("img") if "Differences in UF1" in i.attributes["alt"]]
    low, high = (f"{100 * end:+.1f}" for end in found["interval"])
    shown = f"from M6, points: M1 {100 * found['value']:+.1f} ({low} to {high})."
    assert picture.attributes["alt"].endswith(shown)
    drawn = base64.b64decode(picture.attributes["src"].partition(",")[2]).decode()
    assert "M1" in drawn
    assert "0 rows of 1" not in page.all("main")[0].text  # Holm's p of one row is its p: 2 / 2^8


def page_of(folder: Path, study: Path) -> Page:
    out = folder / "report.html"
    write_page(out, read_outcomes([write_run(folder / "run")]), ablation=study)
    return Page(out.read_text(encoding="utf-8"))


def test_every_row_stands_with_its_scores_difference_and_the_papers_figures(
    tmp_path: Path, study: Path
) -> None:
    page = page_of(tmp_path, study)
    table = next(e for e in page.all("table") if "Means over seeds" in e.text)
    first, reference = (e for e in table.children[2].children if e.tag == "tr")
    assert [e.text for e in (first.children[0], reference.children[0])] == ["M1", "M6"]
    assert "±" not in first.children[1].text  # one seed has no deviation
    assert "±" in reference.children[1].text
    assert "0.8322" in first.text
    assert "0.8805" in reference.text
    assert first.children[3].text.startswith("−")
    p, holm, detectable = (
        [float(data.attributes["value"]) for data in cell.find("data")]
        for cell in first.children[4:7]
    )
    assert p == [2 / 2**8, 2 / 2**8]  # all eight subjects, in one direction: the least
    assert holm == [p[0]]  # one row is a family of one
    assert 0 < detectable[0] < 0.4
    assert [cell.text for cell in reference.children[3:7]] == ["–"] * 4
    assert "M1 < M6: supported" in " ".join(page.all("main")[0].text.split())
    cost = next(e for e in page.all("table") if "counted" in e.text)
    assert len(cost.children[2].children) == 2
    classes = next(e for e in page.all("table") if "Shares of the clips" in e.text)
    assert "Surprise called negative" in classes.text
    assert [e.text for e in classes.children[2].children[0].children] == [
        *("M1", "0.500", "0.500", "0.500", "0.000", "0.500")
    ]


def test_what_is_unfinished_is_told_and_escaped(tmp_path: Path, study: Path) -> None:
    page = page_of(tmp_path, study)
    text = " ".join(page.all("main")[0].text.split())
    assert "3 of 4 units have results" in text
    assert f"M1, seed 1: {HOSTILE}" in text
    assert not page.all("script")


def test_a_page_without_a_study_has_no_such_section(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write_page(out, read_outcomes([write_run(tmp_path / "run")]))
    assert 'id="ablation"' not in out.read_text(encoding="utf-8")


def test_a_table_of_another_version_is_refused(tmp_path: Path, study: Path) -> None:
    """Version 1 had p-values by a bootstrap, which must not pass for those of swaps."""
    table = json.loads((study / "table.json").read_text())
    assert table["version"] == 2
    (study / "table.json").write_text(json.dumps(table | {"version": 1}))
    with pytest.raises(InputError, match="is of version 1, this program reads from 2 on") as old:
        page_of(tmp_path / "old", study)
    assert "the same command writes an older table anew" in old.value.fix
    (study / "table.json").write_text(json.dumps(table | {"version": 3}))
    with pytest.raises(VersionError, match="written in version 3"):
        page_of(tmp_path / "new", study)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"rows": []}'])
def test_a_folder_without_a_table_is_an_input_error(tmp_path: Path, content: str | None) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    if content is not None:
        (folder / "table.json").write_text(content)
    with pytest.raises(InputError, match="table of the ablation") as caught:
        page_of(tmp_path, folder)
    assert "raicl ablate" in caught.value.fix
