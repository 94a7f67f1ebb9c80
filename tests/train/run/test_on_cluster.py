"""Folds on a cluster: the predictions that this machine gives, even if a worker is killed."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.dask_cluster import ROOT, LocalDask, kill_with_unit, wait_until
from tests.train.conftest import Command

PROGRAM = [sys.executable, "-c", "from raicl.train.cli import main; main()"]
FILES = ("predictions.csv", "folds/casme2/sub01/weights.safetensors")


def test_a_cluster_of_which_a_worker_is_killed_gives_the_predictions_of_this_machine(
    tmp_path: Path, flows: Path, config: Path, command: Command, dask: LocalDask, capfd: Any
) -> None:
    common = [flows, "--config", config, "--epochs", 6, "--no-pictures"]
    assert command(*common, "--run-dir", tmp_path / "here") == 0
    run = tmp_path / "run"
    words = [*map(str, common), "--run-dir", "run", "--cluster", dask.address]
    caller = subprocess.Popen(
        [*PROGRAM, *words], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    lock, state = (run / "folds/casme2/sub01" / name for name in ("lock", "state-0002.json"))
    wait_until(lambda: state.exists() or caller.poll() is not None)
    holder = int(lock.read_text().split()[1])  # pid N on HOST
    kill_with_unit(dask.worker_of(holder))
    out, err = caller.communicate()
    dask.add()
    assert caller.returncode == 0, err
    assert "folds         3 of 3 done" in out
    for name in FILES:
        assert (run / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    rows = (run / "folds/casme2/sub01/log.jsonl").read_text().splitlines()
    assert [json.loads(row)["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    log = (run / "run.log").read_text()
    assert [log.count(f"/3] casme2/sub0{n}  3 clips") for n in (1, 2, 3)] == [1, 1, 1]


@pytest.mark.slow
@pytest.mark.parametrize(("by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_goes_on_where_it_stopped(
    tmp_path: Path,
    flows: Path,
    config: Path,
    command: Command,
    dask: LocalDask,
    by: signal.Signals,
    code: int,
) -> None:
    common = [flows, "--config", config, "--epochs", 8, "--no-pictures", "--fold", "0-1"]
    assert command(*common, "--run-dir", tmp_path / "here") == 0
    run = tmp_path / "run"
    words = [*map(str, common), "--run-dir", str(run), "--cluster", dask.address]
    caller = subprocess.Popen([*PROGRAM, *words], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    state = run / "folds/casme2/sub01/state-0002.json"
    wait_until(lambda: state.exists() or caller.poll() is not None)
    caller.send_signal(by)
    assert "Traceback" not in caller.communicate()[1]
    assert caller.returncode == code
    assert not [path for path in run.iterdir() if path.name.startswith(".cluster")]
    assert command(*common, "--run-dir", run, "--cluster", dask.address) == 0
    for name in FILES:
        assert (run / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_cache_that_workers_do_not_see_is_named(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    dask: LocalDask,
    capfd: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    unshared = "/proc/self/cwd/flows.h5"  # another folder in each process
    assert command(unshared, *options, "--cluster", dask.address) == 3
    shown = capfd.readouterr().err
    assert "a worker cannot see it" in shown
    assert unshared in shown
    assert command(flows, *options, "--cluster", "tcp://10.0.0.7:8786") == 2
    assert "--trust-network" in capfd.readouterr().err
