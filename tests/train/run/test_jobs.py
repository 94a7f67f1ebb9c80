"""How many folds at a time is a matter of the machine, and no result depends on it."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from raicl.common.errors import UsageError
from raicl.common.parallel import resolve_jobs
from raicl.train.run.jobs import choose_jobs
from raicl.train.run.work import Work
from raicl.train.settings import TrainSettings
from tests.train.conftest import Command

LONG = Work(
    folds=10_000,
    epochs=30,
    pairs=10**8,
    steps=10**6,
    clips=100,
    instances=1600,
    instance_bytes=10**6,
    streamed=False,
)


def chosen(
    settings: TrainSettings, *, asked: int | None = None, device: str = "cpu", work: Work = LONG
) -> int:
    return choose_jobs(asked, work, settings, torch.device(device), n_classes=3)


def test_what_is_asked_for_is_done(small: TrainSettings) -> None:
    assert chosen(small, asked=7) == 7
    with pytest.raises(UsageError, match="--jobs 0"):
        chosen(small, asked=0)


def test_a_long_run_on_a_cpu_takes_its_cores_and_no_more_folds_than_there_are(
    small: TrainSettings,
) -> None:
    cores = resolve_jobs(None)
    assert 1 <= chosen(small) <= cores
    assert chosen(small.model_copy(update={"threads": cores})) == 1
    assert chosen(small, work=dataclasses.replace(LONG, folds=1)) == 1


def test_a_short_run_a_gpu_and_a_network_that_fills_the_memory_take_one(
    small: TrainSettings,
) -> None:
    assert chosen(small, work=dataclasses.replace(LONG, pairs=100)) == 1
    assert chosen(small, device="cuda") == 1
    assert chosen(small.model_copy(update={"batch_size": 10**9})) == 1


def test_threads_are_those_of_the_settings_and_not_those_of_the_machine(
    tmp_path: Path, flows: Path, options: list[object], command: Command
) -> None:
    torch.set_num_threads(2)
    try:
        assert command(flows, *options, "--fold", "#0") == 0
    finally:
        torch.set_num_threads(1)
    run = tmp_path / "run"
    assert TrainSettings().threads == 1
    assert json.loads((run / "env.json").read_text())["threads"] == 1
    device = json.loads((run / "results.json").read_text())["device"]
    assert device == json.loads((run / "folds/casme2/sub01/done.json").read_text())["device"]
    capability = torch.backends.cpu.get_cpu_capability()
    for part in ("cpu (", capability, "1 thread, ", f"torch {torch.__version__}"):
        assert part in device
