"""A study run as the command runs it: its units, what stops them, and their table."""

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from raicl.common.files import lock
from raicl.train.identity import to_toml
from raicl.train.predictions import read_predictions
from raicl.train.report.summary import summarise
from raicl.train.settings import TrainSettings

MakeCache = Callable[..., Path]
RAICL = [sys.executable, "-m", "raicl.common.umbrella"]

GRID = """
reference = "whole"
claims = [{ lower = "plain", higher = "whole" }, { alike = ["whole", "apex"] }]
[rows.plain]
note = "cross-entropy alone"
settings = { irc = false, mrd = false }
[rows.whole]
[rows.apex]
settings = { sampling = "apex" }
"""


@pytest.fixture
def study(tmp_path: Path, make_cache: MakeCache, small: TrainSettings) -> list[object]:
    """The words of a command on three subjects, and where it puts its runs: ``tmp_path/study``."""
    grid, base = tmp_path / "mine.toml", tmp_path / "base.toml"
    grid.write_text(GRID)
    values = small.model_copy(update={"threads": 1}).model_dump(mode="json", exclude_none=True)
    del values["seed"], values["irc"], values["mrd"]  # the rows' own
    base.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
    flows = make_cache(tmp_path / "flows.h5")
    options = ["--grid", grid, "--config", base, "--dir", tmp_path / "study"]
    return ["ablate", flows, *options, "--seeds", "0,1"]


def raicl(words: Sequence[object]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RAICL, *map(str, words)], capture_output=True, text=True, check=False)


def test_a_study_ends_in_one_table_of_what_its_runs_predict(
    tmp_path: Path, study: list[object]
) -> None:
    answer = raicl([*study, "--json"])
    assert answer.returncode == 0, answer.stderr
    table = json.loads(answer.stdout)
    assert table == json.loads((tmp_path / "study/table.json").read_text())
    assert [row["row"] for row in table["rows"]] == ["plain", "whole", "apex"]
    for row in table["rows"]:
        scores = []
        for seed in (0, 1):
            path = tmp_path / f"study/{row['row']}/seed-{seed}/predictions.csv"
            scores.append(summarise(*read_predictions(path))["uf1"])
        assert row["scores"]["uf1"]["by_seed"] == scores
        assert row["scores"]["uf1"]["mean"] == pytest.approx(sum(scores) / 2)
        assert (row["against_reference"] is None) == (row["row"] == "whole")
    first, *_ = table["rows"]
    whole = table["rows"][1]["scores"]["uf1"]["mean"]
    found = first["against_reference"]["uf1"]["value"]
    assert found == pytest.approx(first["scores"]["uf1"]["mean"] - whole)
    claim = table["claims"][0]["difference"]["uf1"]["value"]
    assert claim == pytest.approx(-found)
    assert table["integrity"]["folds"] == ["3 of 3"]
    text = (tmp_path / "study/table.txt").read_text()
    assert "cross-entropy alone" in text
    assert "p two-sided and not corrected" in text
    rows = list(csv.DictReader((tmp_path / "study/table.csv").read_text().splitlines()))
    assert [float(row["uf1_mean"]) for row in rows] == [
        row["scores"]["uf1"]["mean"] for row in table["rows"]
    ]


def test_a_killed_study_goes_on_to_the_table_of_an_unbroken_one(
    tmp_path: Path, study: list[object]
) -> None:
    assert raicl([*study, "--dir", tmp_path / "whole"]).returncode == 0
    process = subprocess.Popen(
        [*RAICL, *map(str, study)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    begun = tmp_path / "study/whole/seed-0/folds/casme2/sub01/done.json"
    deadline = time.monotonic() + 120
    while not begun.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    listed = raicl([*study, "--dry-run"]).stdout.splitlines()
    assert [line.split("seed")[1].split()[1] for line in listed] == ["finished"] + ["to"] * 5
    assert raicl(study).returncode == 0
    broken, unbroken = (
        json.loads((tmp_path / name / "table.json").read_text()) for name in ("study", "whole")
    )
    for table in (broken, unbroken):
        for row in table["rows"]:
            del row["cost"]["fold_seconds"]
    assert broken == unbroken
    again = raicl(study)
    assert "6 of 6 units are finished already" in again.stderr


def test_a_row_the_cache_cannot_serve_is_named_and_the_others_are_there(
    tmp_path: Path, study: list[object]
) -> None:
    grid = tmp_path / "mine.toml"
    grid.write_text(GRID.replace("apex", "all"))
    answer = raicl([*study, "--seeds", 0])
    assert answer.returncode == 5
    assert "needs frames the cache does not hold" in answer.stdout
    assert "Traceback" not in answer.stderr
    table = json.loads((tmp_path / "study/table.json").read_text())
    assert [row["scores"] is None for row in table["rows"]] == [False, False, True]
    assert table["claims"][1]["verdict"] == "not run"
    assert table["units"] == {"done": 2, "all": 3}


def test_a_unit_that_another_process_holds_is_passed_over(
    tmp_path: Path, study: list[object]
) -> None:
    folder = tmp_path / "study/plain/seed-0"
    assert raicl([*study, "--rows", "plain,whole", "--seeds", 0, "--fold", "#0"]).returncode == 0
    held = folder / "folds/casme2/sub02"
    held.mkdir()
    with lock(held / "lock"):
        answer = raicl([*study, "--rows", "plain,whole", "--seeds", 0])
    assert answer.returncode == 5
    assert "plain, seed 0: another process is at it" in answer.stdout
    assert (tmp_path / "study/whole/seed-0/folds/casme2/sub03/done.json").exists()
    assert raicl([*study, "--rows", "plain,whole", "--seeds", 0]).returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (["--seeds", "0,0"], 2, "names a seed twice"),
        (["--seeds", "one"], 2, "whole numbers"),
        (["--seed", "3"], 2, "give --seeds"),
        (["--rows", "plain"], 2, "add whole"),
        (["--grid", "papper"], 2, "one of annotation-error, frame-rate, "),
        (["--fold", "sub99"], 2, "no such subject"),
        (["--preset", "tyny"], 2, "no such preset"),
    ],
)
def test_wrong_words_end_with_what_to_do(
    study: list[object], words: list[str], code: int, what: str
) -> None:
    answer = raicl([*study, *words])
    assert answer.returncode == code
    assert what in answer.stderr + answer.stdout
    assert "Traceback" not in answer.stderr


def test_a_unit_is_a_run_that_the_other_commands_take(
    tmp_path: Path, study: list[object], small: TrainSettings
) -> None:
    assert raicl([*study, "--seeds", 0, "--rows", "plain,whole"]).returncode == 0
    units = [tmp_path / "study/plain/seed-0", tmp_path / "study/whole/seed-0"]
    assert raicl(["compare", *units]).returncode == 0
    assert "seed = 0" in (units[1] / "config.toml").read_text()
    assert to_toml(small).splitlines()[0] in (units[1] / "config.toml").read_text()
