"""What a fold makes of an error that comes from below."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from raicl.train.clips.plan import plan
from raicl.train.inputs.instances import Instances
from raicl.train.run.attempt import attempt_fold, experiment_instances
from raicl.train.run.experiment import Experiment
from raicl.train.run.opening import open_run
from raicl.train.settings import TrainSettings
from tests.train.commands import put_back
from tests.train.harness import CPU


@dataclass
class Broken:
    """A store that gives an error instead of rows."""

    error: Exception

    def take(self, rows: Tensor) -> Tensor:
        raise self.error

    def prefetch(self, batches: Sequence[Tensor]) -> Sequence[Tensor]:
        return batches

    def close(self) -> None:
        pass


@pytest.fixture
def experiment(tmp_path: Path, flows: Path, small: TrainSettings) -> Iterator[Experiment]:
    composite, folds = plan([flows], small)
    run = open_run(tmp_path / "run", composite, small)
    with put_back():
        yield Experiment(composite=composite, settings=small, folds=folds, device=CPU, run=run)


def instances_that_raise(experiment: Experiment, error: Exception) -> Instances:
    whole = experiment_instances(experiment)
    return Instances(
        rows=whole.rows,
        middle=whole.middle,
        moments=whole.moments,
        strength=whole.strength,
        motion=whole.motion,
        store=Broken(error),
        device=CPU,
    )


@pytest.mark.promise("fault 23")
def test_a_full_gpu_fails_the_fold_with_advice(experiment: Experiment) -> None:
    instances = instances_that_raise(experiment, torch.OutOfMemoryError("CUDA: no room"))
    attempt = attempt_fold(experiment, experiment.folds[0], instances)
    assert attempt.reason == "out of memory on cpu"
    assert "lower --batch-size or --size" in (experiment.run.folder / "run.log").read_text()


@pytest.mark.parametrize("error", [ZeroDivisionError, RuntimeError])
def test_an_error_in_the_program_is_not_taken_for_a_failed_fold(
    experiment: Experiment, error: type[Exception]
) -> None:
    instances = instances_that_raise(experiment, error("shapes differ"))
    with pytest.raises(error, match="shapes differ"):
        attempt_fold(experiment, experiment.folds[0], instances)
    assert not experiment.run.finished(experiment.folds[0])
