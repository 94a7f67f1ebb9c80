"""A study run as the command runs it: its units, what stops them, and their table."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raicl.common.locking import lock
from raicl.train.run.key import to_toml
from raicl.train.scores.predictions import read_predictions
from raicl.train.scores.summary import summarise
from raicl.train.settings import TrainSettings
from tests.train.ablation.conftest import GRID, Words
from tests.train.conftest import Raicl

RAICL = [sys.executable, "-m", "raicl.common.terminal.umbrella"]


def test_a_study_ends_in_one_table_of_what_its_runs_predict(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    answer = raicl(*study, "--json")
    assert answer.code == 0, answer.err
    table = json.loads(answer.out)
    assert table == json.loads((tmp_path / "study/table.json").read_text())
    assert [row["row"] for row in table["rows"]] == ["plain", "whole", "apex"]
    for row in table["rows"]:
        scores = []
        for seed in (0, 1):
            path = tmp_path / f"study/{row['row']}/seed-{seed}/predictions.csv"
            scores.append(summarise(*read_predictions(path)).uf1)
        assert row["scores"]["uf1"]["by_seed"] == scores
        assert row["scores"]["uf1"]["mean"] == pytest.approx(sum(scores) / 2)
        assert (row["against_reference"] is None) == (row["row"] == "whole")
    first, *_ = table["rows"]
    whole = table["rows"][1]["scores"]["uf1"]["mean"]
    found = first["against_reference"]["uf1"]["value"]
    assert found == pytest.approx(first["scores"]["uf1"]["mean"] - whole)
    strengths = {row["row"]: row["strength"] for row in table["rows"]}
    assert strengths["plain"] == strengths["whole"]
    assert strengths["apex"]["trained"] == strengths["apex"]["tested"]  # one and the same instance
    assert strengths["whole"]["trained"] < strengths["apex"]["trained"]
    claim = table["claims"][0]["difference"]["uf1"]["value"]
    assert claim == pytest.approx(-found)
    assert table["integrity"]["folds"] == ["3 of 3"]
    text = (tmp_path / "study/table.txt").read_text()
    assert "cross-entropy alone" in text
    assert "strength, %" in text
    assert "p: two-sided, by swapping the two rows" in text
    assert first["holm_p"] >= first["against_reference"]["uf1"]["p"]
    rows = list(csv.DictReader((tmp_path / "study/table.csv").read_text().splitlines()))
    assert float(rows[0]["holm_p"]) == first["holm_p"]
    assert float(rows[0]["least_p"]) == 2 / 2**3
    assert rows[0]["detectable"] == rows[1]["p"] == ""  # three subjects; the reference
    assert [float(row["uf1_mean"]) for row in rows] == [
        row["scores"]["uf1"]["mean"] for row in table["rows"]
    ]


def test_a_killed_study_goes_on_to_the_table_of_an_unbroken_one(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    assert raicl(*study, "--dir", tmp_path / "whole").code == 0
    process = subprocess.Popen(
        [*RAICL, *map(str, study)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    begun = tmp_path / "study/whole/seed-0/folds/casme2/sub01/done.json"
    deadline = time.monotonic() + 120
    while not begun.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    listed = raicl(*study, "--dry-run").out.splitlines()
    states = [line[24:42].strip() for line in listed]
    assert states[0] == "finished"
    assert states[1] in {"1 fold to run", "2 folds to run"}  # one may end before the kill
    assert states[2:] == ["3 folds to run"] * 4
    assert raicl(*study).code == 0
    broken, unbroken = (
        json.loads((tmp_path / name / "table.json").read_text()) for name in ("study", "whole")
    )
    for table in (broken, unbroken):
        for row in table["rows"]:
            del row["cost"]["fold_seconds"]
    assert broken == unbroken
    again = raicl(*study)
    assert "6 of 6 units are finished already" in again.err


def test_a_unit_that_another_process_holds_is_passed_over(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    folder = tmp_path / "study/plain/seed-0"
    assert raicl(*study, "--rows", "plain,whole", "--seeds", 0, "--fold", "#0").code == 0
    held = folder / "folds/casme2/sub02"
    held.mkdir()
    with lock(held / "lock"):
        answer = raicl(*study, "--rows", "plain,whole", "--seeds", 0)
    assert answer.code == 5
    assert "plain, seed 0: another process is at it" in answer.out
    assert (tmp_path / "study/whole/seed-0/folds/casme2/sub03/done.json").exists()
    assert raicl(*study, "--rows", "plain,whole", "--seeds", 0).code == 0


def test_two_processes_share_the_units_and_train_no_fold_twice(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    words = [*RAICL, *map(str, study), "--rows", "plain,whole"]
    both = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    # whichever comes to the end first may find the other at the last unit
    assert {process.returncode for process in both} <= {0, 5}, said
    assert "Traceback" not in "".join(said)
    for unit in ("plain/seed-0", "whole/seed-0", "plain/seed-1", "whole/seed-1"):
        log = (tmp_path / "study" / unit / "run.log").read_text()
        trained = sorted(line.split()[2] for line in log.splitlines() if "/3] " in line)
        assert trained == [f"casme2/sub0{n}" for n in (1, 2, 3)]
    assert raicl(*study, "--rows", "plain,whole").code == 0


def test_a_row_that_is_the_reference_by_another_name_is_trained_once(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    grid = tmp_path / "mine.toml"
    grid.write_text(GRID + "[rows.again]\nsettings = { irc = true }\n")
    answer = raicl(*study, "--rows", "whole,again", "--seeds", 0, "--fold", "#0", "--json")
    first, again = json.loads(answer.out)["rows"]
    assert first["scores"] == again["scores"]
    assert [path.name for path in (tmp_path / "study").iterdir() if path.is_dir()] == ["whole"]


def test_folds_that_a_kill_left_unpooled_are_pooled(
    tmp_path: Path, study: Words, raicl: Raicl
) -> None:
    once = [*study, "--rows", "plain,whole", "--seeds", 0]
    assert raicl(*once, "--fold", "#0").code == 0
    folder = tmp_path / "study/plain/seed-0"
    names = ("results.json", "predictions.csv", "run-digests.json")
    early = {name: (folder / name).read_bytes() for name in names}
    assert raicl(*once).code == 0
    for name, content in early.items():  # as after a kill between the last fold and the pooling
        (folder / name).write_bytes(content)
    assert "0 folds to run" in raicl(*once, "--dry-run").out
    assert raicl(*once).code == 0
    assert json.loads((folder / "results.json").read_text())["folds"]["done"] == 3


def test_a_unit_is_a_run_that_the_other_commands_take(
    tmp_path: Path, study: Words, small: TrainSettings, raicl: Raicl
) -> None:
    assert raicl(*study, "--seeds", 0, "--rows", "plain,whole").code == 0
    units = [tmp_path / "study/plain/seed-0", tmp_path / "study/whole/seed-0"]
    assert raicl("compare", *units).code == 0
    assert "seed = 0" in (units[1] / "config.toml").read_text()
    assert to_toml(small).splitlines()[0] in (units[1] / "config.toml").read_text()
