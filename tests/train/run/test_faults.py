import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from raicl.common.errors import ConflictError
from raicl.common.locking import lock
from raicl.train.fold.checkpoint import load_tensors, save_tensors
from tests.train.conftest import Command
from tests.train.run.faults import in_the_way
from tests.train.runs import edit_sealed

PROGRAM = [sys.executable, "-c", "from raicl.train.cli import main; main()"]


@pytest.mark.promise("fault 19", "goal 3", "goal 6")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_killed_at_any_epoch_goes_on_to_the_predictions_of_an_unbroken_one(
    tmp_path: Path, flows: Path, config: Path, command: Command, jobs: int
) -> None:
    common = [flows, "--config", config, "--epochs", 6, "--no-pictures", "--fold", "0-1"]
    assert command(*common, "--run-dir", tmp_path / "whole") == 0
    broken = tmp_path / "broken"
    arguments = [*PROGRAM, *map(str, common), "--run-dir", str(broken)]
    arguments += ["--jobs", str(jobs)]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = broken / "folds/casme2/sub01/state-0002.json"
    deadline = time.monotonic() + 60
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    wait_until_free(broken / "folds/casme2/sub01/lock")
    assert command(*common, "--run-dir", broken) == 0
    for name in ("predictions.csv", "folds/casme2/sub01/weights.safetensors"):
        assert (broken / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    rows = (broken / "folds/casme2/sub01/log.jsonl").read_text().splitlines()
    assert [json.loads(row)["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    done = json.loads((broken / "folds/casme2/sub01/done.json").read_text())
    assert done["seconds"] > sum(json.loads(row)["seconds"] for row in rows)  # of both sittings
    assert done["device"] == json.loads((broken / "results.json").read_text())["device"]
    with (broken / "folds/casme2/sub01/log.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [(row["epoch"], row["loss"]) for row in table] == [
        (str(row["epoch"]), str(row["loss"])) for row in map(json.loads, rows)
    ]


def wait_until_free(path: Path) -> None:
    """A worker notices within a fraction of a second that the command is gone."""
    deadline = time.monotonic() + 10
    while True:
        try:
            with lock(path):
                return
        except ConflictError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.promise("fault 17")
def test_a_damaged_checkpoint_costs_epochs_and_not_the_result(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    arguments = [flows, "--fold", "#0", *options]
    fold = tmp_path / "run/folds/casme2/sub01"
    assert command(*arguments) == 0
    expected = (fold / "predictions.csv").read_bytes()
    shutil.rmtree(fold)
    with in_the_way(fold / "done.json"):
        assert command(*arguments) == 3
    for path in fold.glob("state-*.safetensors"):
        path.write_bytes(path.read_bytes()[:-1])
    capfd.readouterr()
    assert command(*arguments) == 0
    assert capfd.readouterr().err.count("is damaged and left out") == 2
    assert (fold / "predictions.csv").read_bytes() == expected


def spoil(state: Path) -> None:
    """Make a checkpoint, whole as a file, one of weights that are no numbers."""
    tensors = {
        name: torch.full_like(value, torch.nan) if value.is_floating_point() else value
        for name, value in load_tensors(state).items()
    }
    edit_sealed(state.with_suffix(".json"), digest=save_tensors(state, tensors))


@pytest.mark.promise("fault 22")
def test_a_fold_whose_loss_is_not_finite_fails_and_the_others_go_on(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    state = tmp_path / "run/folds/casme2/sub02/state-0001.safetensors"
    assert command(flows, *options, "--fold", "#0") == 0
    with in_the_way(state.with_stem("state-0002")):
        assert command(flows, *options, "--fold", "#1") == 3
    spoil(state)
    capfd.readouterr()
    assert command(flows, *options) == 5
    shown = capfd.readouterr()
    assert shown.out.startswith("partial, 2 of 3 subjects")
    assert "fold casme2/sub02: the loss is not finite" in shown.err
    assert "casme2/sub01/EP0" in shown.err
    assert "1 of 3 folds failed" in shown.err
    assert len(shown.err.splitlines()) < 40
    assert list(json.loads((tmp_path / "run/results.json").read_text())["failed"]) == [
        "casme2/sub02"
    ]
    assert not (tmp_path / "run/folds/casme2/sub02/done.json").exists()


def test_running_out_of_memory_fails_the_fold_with_advice(
    flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    more_than_there_can_be = ["--dense-hidden", 10**13]
    assert command(flows, *options, *more_than_there_can_be) == 5
    shown = capfd.readouterr().err
    assert "out of memory on cpu" in shown
    assert "lower --batch-size" in shown


def test_too_few_handles_end_a_run_with_a_line_and_the_same_command_finishes_it(
    tmp_path: Path, flows: Path, options: list[object], command: Command
) -> None:
    few = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9)); {PROGRAM[2]}"
    words = [*map(str, [flows, *options]), "--jobs", "2"]
    answer = subprocess.run(
        [sys.executable, "-c", few, *words], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 7, answer.stderr
    assert "error: too many open files\n" in answer.stderr
    assert "fix: raise the limit (ulimit -n)" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert command(flows, *options) == 0


def test_a_fold_that_another_process_trains_is_left_to_it(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    folder = tmp_path / "run/folds/casme2/sub02"
    assert command(flows, "--fold", "#0", *options) == 0
    folder.mkdir(parents=True)
    with lock(folder / "lock"):
        assert command(flows, "--fold", "sub02", *options) == 6
        assert "another process" in capfd.readouterr().err
        assert command(flows, "--overwrite", "--fold", "#0", *options) == 6
    assert (tmp_path / "run/folds/casme2/sub01/done.json").exists()


@pytest.mark.parametrize(
    ("file", "fix", "mended_by"),
    [
        ("folds/casme2/sub01/done.json", "remove the fold's folder", []),
        ("env.json", "raicl-train --overwrite", ["--overwrite"]),
    ],
)
def test_a_damaged_file_of_a_run_is_named_with_what_mends_it(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    capfd: Any,
    file: str,
    fix: str,
    mended_by: list[str],
) -> None:
    assert command(flows, "--fold", "#0", *options) == 0
    path = tmp_path / "run" / file
    path.write_text('{"digests"')
    capfd.readouterr()
    assert command(flows, "--fold", "#0", *options) == 3
    shown = capfd.readouterr().err
    assert str(path) in shown
    assert fix in shown
    if not mended_by:
        shutil.rmtree(path.parent)
    assert command(flows, "--fold", "#0", *options, *mended_by) == 0


def test_changed_predictions_of_a_finished_fold_are_not_pooled(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, "--fold", "#0", *options) == 0
    path = tmp_path / "run/folds/casme2/sub01/predictions.csv"
    with path.open() as stream:
        rows = list(csv.reader(stream))
    for row in rows[1:]:
        row[3] = row[2]
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    assert command(flows, "--fold", "#0", *options) == 3
    error = capfd.readouterr().err
    assert "predictions.csv is not the one that was written" in error
    assert "another program" not in error


@pytest.mark.promise("fault 19")
def test_checkpoints_that_a_process_killed_at_the_end_of_a_fold_left_are_removed(
    tmp_path: Path, flows: Path, config: Path, command: Command
) -> None:
    """Between the fold's last file and their removal; `make test-soak` kills there."""
    run = tmp_path / "run"
    words = [flows, "--config", config, "--no-pictures", "--fold", "#0", "--run-dir", run]
    assert command(*words) == 0
    fold = run / "folds/casme2/sub01"
    whole = {path.relative_to(fold) for path in fold.rglob("*")}
    left = [fold / "state-0002.json", fold / "state-0002.safetensors", fold / "inner/log.jsonl"]
    (fold / "inner").mkdir()
    for path in left:
        path.touch()
    with lock(fold / "lock"):  # by another process, which is about to remove them
        assert command(*words) == 0
        assert all(path.is_file() for path in left)
    assert command(*words) == 0
    assert {path.relative_to(fold) for path in fold.rglob("*")} == whole
