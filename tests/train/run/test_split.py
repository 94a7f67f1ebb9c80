"""A database whose clips are only trained on or only tested, as `raicl-train` sees it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.report.facts import facts
from raicl.train.run.attempt import experiment_instances
from raicl.train.run.experiment import Experiment
from raicl.train.run.folder import Run
from raicl.train.run.outcome import read_outcome
from raicl.train.scores.predictions import read_predictions
from raicl.train.settings import TrainSettings
from tests.train.conftest import Command, MakeCache

SPLITS = ("train",) * 3 + ("test",) * 6
SPLIT = "9 clips to train on (3 negative, 3 positive, 3 surprise), 18 to test "
SPLIT += "(6 negative, 6 positive, 6 surprise)"


@pytest.fixture
def flows(tmp_path: Path, make_cache: MakeCache) -> Path:
    return make_cache(tmp_path / "flows.h5", clips=9, splits=SPLITS)


def test_a_run_says_what_it_trains_on_and_scores_the_test_clips_alone(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, *options) == 0
    shown = capfd.readouterr()
    run = tmp_path / "run"
    assert f"casme2: {SPLIT}" in shown.err
    assert "18 clips of 3 subjects, predictions pooled" in shown.out
    assert SPLIT in shown.out
    rows, _ = read_predictions(run / "predictions.csv")
    names = [f"casme2/sub0{s}/EP0{clip}" for s in (1, 2, 3) for clip in range(4, 10)]
    assert sorted(row.clip for row in rows) == names
    done = json.loads((run / "folds/casme2/sub02/done.json").read_text())
    assert (done["clips"], done["class_counts"]) == (6, [2, 2, 2])
    found = facts(read_outcome(run, "run"))
    assert found.setup["Split"] == SPLIT
    assert [row.clips for row in found.subjects] == [6, 6, 6]


def test_the_folds_are_listed_with_both_numbers(flows: Path, command: Command, capfd: Any) -> None:
    assert command(flows, "--list-folds") == 0
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert lines[0] == ["row", "subject", "clips", "negative", "positive", "surprise", "train"]
    assert lines[2] == ["1", "casme2/sub02", "6", "2", "2", "2", "6"]
    assert command(flows, "--list-folds", "--json") == 0
    first = json.loads(capfd.readouterr().out)[0]
    assert (first["clips"], first["train"]) == (6, 6)


def test_what_test_clips_show_changes_no_weight(
    tmp_path: Path, flows: Path, config: Path, command: Command, make_cache: MakeCache
) -> None:
    def double_test(clip: str, instances: NDArray[np.float16]) -> NDArray[np.float16]:
        return instances if clip[-1] in "123" else 2 * instances

    (tmp_path / "other").mkdir()
    other = make_cache(tmp_path / "other/flows.h5", clips=9, splits=SPLITS, change=double_test)
    contents = []
    for name, cache in (("a", flows), ("b", other)):
        run = tmp_path / name
        plain = ["--config", config, "--run-dir", run, "--no-pictures", "--fold", "sub01"]
        assert command(cache, *plain) == 0
        contents.append((run / "folds/casme2/sub01/weights.safetensors").read_bytes())
    assert contents[0] == contents[1]


def test_of_a_test_clip_only_the_instance_of_inference_is_loaded(
    tmp_path: Path, flows: Path, small: TrainSettings
) -> None:
    composite = compose([flows], load_protocol("cde"))
    lengths = {}
    for infer in ("middle", "mean"):
        experiment = Experiment(
            composite=composite,
            settings=small.model_copy(update={"infer": infer}),
            folds=leave_one_subject_out(composite.clips),
            device=torch.device("cpu"),
            run=Run(tmp_path),
        )
        instances = experiment_instances(experiment)
        lengths[infer] = [len(instances.rows[f"casme2/sub01/EP0{clip}"]) for clip in (1, 4)]
        instances.close()
    assert lengths == {"middle": [6, 1], "mean": [6, 6]}


def test_train_clips_of_one_class_are_refused_whatever_there_is_to_test(
    tmp_path: Path, make_cache: MakeCache, command: Command, capfd: Any
) -> None:
    flows = make_cache(tmp_path / "one.h5", splits=("train", "test", "test"))
    assert command(flows, "--list-folds") == 3
    assert "needs clips of two classes, found 3 negative" in capfd.readouterr().err
