"""A row on shuffled labels: it stands in the table beside chance, and is compared with nothing."""

import json
from pathlib import Path

import pytest

from raicl.common.errors import InputError, UsageError
from raicl.train.ablation.grid import read_grid
from tests.train.ablation.conftest import GRID, Words
from tests.train.conftest import Raicl

CONTROL = (
    "[rows.none]\ncontrol = true\nsettings = { control = 'shuffle-labels' }\nnote = 'chance'\n"
)


def test_a_control_has_a_row_of_its_own_scores_and_its_meaning(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    (tmp_path / "mine.toml").write_text(GRID + CONTROL)
    words = [*study, "--rows", "plain,whole,none", "--epochs", 1]
    answer = raicl(*words)
    assert answer.code == 0, answer.err
    table = json.loads((tmp_path / "study/table.json").read_text())
    plain, whole, none = table["rows"]
    assert len(none["scores"]["uar"]["by_seed"]) == 2  # each seed shuffles otherwise
    assert (none["against_reference"], none["holm_p"]) == (None, None)
    assert plain["against_reference"]["uf1"]["p"] == plain["holm_p"]  # a family of one row
    [remark] = none["remarks"]
    assert remark.startswith("CONTROL: labels shuffled between clips. There is nothing to learn")
    assert "near chance, 33.3" in remark
    assert f"none: {remark}" in (tmp_path / "study/table.txt").read_text()
    assert whole["remarks"] == plain["remarks"] == []
    again = raicl(*words, "--dry-run")
    assert again.out.count("finished") == 6


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ("[rows.odd]\ncontrol = true\n", "row odd is marked as a control and has true labels"),
        (
            "[rows.odd]\nsettings = { control = 'shuffle-labels' }\n",
            "a study compares real runs, and a control is not one",
        ),
    ],
)
def test_a_row_is_a_control_if_and_only_if_it_is_marked(
    tmp_path: Path, study: Words, raicl: Raicl, rows: str, what: str
) -> None:
    (tmp_path / "mine.toml").write_text(GRID + rows)
    answer = raicl(*study)
    assert answer.code == 2
    assert what in answer.err
    assert not (tmp_path / "study").exists()


def test_no_row_and_no_claim_is_compared_with_a_control(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GRID + CONTROL)
    with pytest.raises(UsageError, match="--reference: none is a control"):
        read_grid(str(path)).compared_with("none")
    for text in (
        GRID.replace('reference = "whole"', 'reference = "none"'),
        GRID.replace(
            '{ lower = "plain", higher = "whole" }', '{ lower = "none", higher = "whole" }'
        ),
    ):
        path.write_text(text + CONTROL)
        with pytest.raises(InputError, match="none is a control: no row is compared with it"):
            read_grid(str(path))
