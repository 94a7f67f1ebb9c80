"""`raicl compare` and `raicl report`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from raicl.train.run.outcome import Outcome
from tests.train.conftest import Raicl
from tests.train.runs import TRUTHS, predictions_of, write_run


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [write_run(tmp_path / name, seed=seed) for seed, name in enumerate("ab")]


def test_json_alone_stands_on_stdout(runs: list[Path], raicl: Raicl) -> None:
    answer = raicl("compare", *runs, "--json")
    assert answer.code == 0, answer.err
    compared = json.loads(answer.out)
    assert [row["name"] for row in compared["runs"]] == ["a", "b"]
    assert compared["against_first"][0]["mcnemar_p"] == 1
    assert "b minus a" in raicl("compare", *runs).out


def test_other_clips_end_with_3_and_a_single_run_with_2(
    tmp_path: Path, runs: list[Path], raicl: Raicl
) -> None:
    other = write_run(tmp_path / "c", predictions_of(TRUTHS)[:-1])
    answer = raicl("compare", *runs, other)
    assert answer.code == 3
    assert "synthetic/sub04/EP04 is in a alone" in answer.err
    assert answer.out == ""
    assert raicl("compare", runs[0]).code == 2
    assert raicl("compare", runs[0], tmp_path).code == 3


def test_a_run_is_not_compared_with_itself_by_whatever_path(
    tmp_path: Path, runs: list[Path], raicl: Raicl
) -> None:
    (tmp_path / "link").symlink_to(runs[1])
    answer = raicl("compare", *runs, tmp_path / "link")
    assert answer.code == 2
    assert "a run cannot be compared with itself" in answer.err
    assert str(tmp_path / "link") in answer.err


def test_the_command_writes_the_page_and_refuses_what_is_no_run(
    outcome: Outcome, raicl: Raicl
) -> None:
    out = outcome.folder.parent / "page.html"
    words = ["-m", "raicl.common.terminal.umbrella", "report", outcome.folder, "--out", out]
    command = [sys.executable, *map(str, words)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == f"{out}\n"
    assert json.loads((outcome.folder / "results.json").read_text())["folds"]["done"] == 2
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    nowhere = outcome.folder.parent / "none" / "page.html"
    assert raicl("report", outcome.folder, "--out", nowhere).code == 3
    assert raicl("report", outcome.folder.parent, "--out", out).code == 3
    assert raicl("report", outcome.folder).code == 2
