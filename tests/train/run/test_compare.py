import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.train.runs import TRUTHS, predictions_of, write_run


def raicl(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "raicl.common.terminal.umbrella", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [write_run(tmp_path / name, seed=seed) for seed, name in enumerate("ab")]


def test_json_alone_stands_on_stdout(runs: list[Path]) -> None:
    answer = raicl("compare", *runs, "--json")
    assert answer.returncode == 0, answer.stderr
    compared = json.loads(answer.stdout)
    assert [row["name"] for row in compared["runs"]] == ["a", "b"]
    assert compared["against_first"][0]["mcnemar_p"] == 1
    assert "b minus a" in raicl("compare", *runs).stdout


def test_other_clips_end_with_3_and_a_single_run_with_2(tmp_path: Path, runs: list[Path]) -> None:
    other = write_run(tmp_path / "c", predictions_of(TRUTHS)[:-1])
    answer = raicl("compare", *runs, other)
    assert answer.returncode == 3
    assert "synthetic/sub04/EP04 is in a alone" in answer.stderr
    assert answer.stdout == ""
    assert raicl("compare", runs[0]).returncode == 2
    assert raicl("compare", runs[0], tmp_path).returncode == 3
