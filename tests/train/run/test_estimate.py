"""What a run is said to take: counted as it is trained, measured without a trace."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raicl.train.clips.plan import plan
from raicl.train.inputs.epoch import draw_epoch, mini_batches
from raicl.train.run import work
from raicl.train.run.attempt import experiment_instances
from raicl.train.run.experiment import Experiment
from raicl.train.run.opening import open_run
from raicl.train.run.work import count_work, is_long
from raicl.train.settings import TrainSettings
from tests.train.conftest import Command, MakeCache

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "changed", [{}, {"pairing": "symmetric"}, {"imbalance": "balanced-sampler"}, {"pairs": 5}]
)
def test_pairs_and_steps_are_those_that_epochs_draw(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings, changed: dict[str, Any]
) -> None:
    flows = make_cache(tmp_path / "flows.h5", clips=4)
    settings = small.model_copy(update=changed)
    composite, folds = plan([flows], settings)
    counted = count_work(composite, folds, settings, CPU)
    run = open_run(tmp_path / "run", composite, settings)
    experiment = Experiment(
        composite=composite, settings=settings, folds=folds, device=CPU, run=run
    )
    instances = experiment_instances(experiment)
    pairs = steps = 0
    for fold in folds:
        rows = [instances.rows[clip] for clip in fold.train]
        truth = [composite.labels[clip] for clip in fold.train]
        rng = np.random.default_rng(0)
        drawn = draw_epoch(rows, truth, instances.strength, settings, rng)
        pairs += settings.epochs * len(drawn)
        steps += settings.epochs * len(mini_batches(drawn, settings.batch_size))
    assert (counted.folds, counted.epochs) == (3, settings.epochs)
    assert counted.pairs == pairs
    assert counted.steps == steps
    assert counted.instance_bytes == 2 * 3 * settings.size**2 * len(instances.strength)


def test_a_budget_says_whether_the_instances_are_streamed(
    flows: Path, small: TrainSettings
) -> None:
    composite, folds = plan([flows], small)
    needed = count_work(composite, folds, small, CPU).instance_bytes
    for budget, streamed in ((needed, False), (needed - 1, True)):
        settings = small.model_copy(update={"memory_budget": str(budget)})
        assert count_work(composite, folds, settings, CPU).streamed is streamed


def test_an_estimate_writes_nothing_and_foresees_what_a_fold_keeps(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    assert command(flows, *options, "--estimate") == 0
    assert capfd.readouterr().out.startswith("estimate: 3 folds x 2 epochs, 144 pairs in 18 steps")
    assert command(flows, *options, "--estimate", "--json", "--jobs", 2) == 0
    told = json.loads(capfd.readouterr().out)
    assert {path.name for path in tmp_path.iterdir()} == before
    assert told["seconds"] > told["steps"] * told["step_seconds"] / 2 > 0
    assert told["host_bytes"] == 3 * told["process_bytes"] + told["instance_bytes"]
    assert told["process_bytes"] > 50e6  # Python with torch
    assert command(flows, *options) == 0
    fold = tmp_path / "run/folds/casme2/sub01"
    kept = sum(path.stat().st_size for path in fold.glob("*.safetensors"))
    assert told["kept_bytes"] < kept < told["kept_bytes"] + 2**15  # and the names of the tensors
    assert told["fold_bytes"] > told["kept_bytes"]
    assert command(flows, *options, "--estimate") == 2  # nothing is left


def test_a_long_run_says_it_before_it_begins_and_gives_the_same(
    tmp_path: Path,
    flows: Path,
    config: Path,
    command: Command,
    capfd: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    common = [flows, "--config", config, "--no-pictures", "--fold", "#0"]
    assert command(*common, "--run-dir", tmp_path / "short") == 0
    assert "estimate" not in capfd.readouterr().err
    monkeypatch.setattr(work, "_LONG", 0)
    assert command(*common, "--run-dir", tmp_path / "long") == 0
    assert "estimate: 1 fold x 2 epochs" in capfd.readouterr().err
    assert "estimate: 1 fold" in (tmp_path / "long/run.log").read_text()
    name = "folds/casme2/sub01/weights.safetensors"
    assert (tmp_path / "long" / name).read_bytes() == (tmp_path / "short" / name).read_bytes()


def test_a_run_that_is_to_be_overwritten_is_estimated_whole(
    tmp_path: Path, flows: Path, config: Path, command: Command, capfd: Any
) -> None:
    words = [
        flows,
        "--config",
        config,
        "--no-pictures",
        "--fold",
        "#0",
        "--run-dir",
        tmp_path / "r",
    ]
    assert command(*words) == 0
    assert command(*words, "--estimate") == 2
    assert "every chosen fold is finished" in capfd.readouterr().err
    assert command(*words, "--estimate", "--overwrite") == 0
    assert "estimate: 1 fold x" in capfd.readouterr().out
    assert (tmp_path / "r" / "results.json").is_file()


def test_the_paper_on_all_databases_is_long_and_the_demo_is_not(
    flows: Path, small: TrainSettings
) -> None:
    composite, folds = plan([flows], small)
    counted = count_work(composite, folds, small, CPU)
    assert not is_long(counted, small)
    whole = counted.__class__(**{**vars(counted), "pairs": 442 * 16 * 100 * 68})
    assert is_long(whole, TrainSettings())
    demo = counted.__class__(**{**vars(counted), "pairs": 24 * 15 * 1056})
    assert not is_long(demo, TrainSettings(size=97))
