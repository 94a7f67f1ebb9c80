"""Where instances are kept changes no bit of a result."""

import csv
from pathlib import Path

import pytest

from tests.train.conftest import Command

FILES = ("predictions.csv", "folds/casme2/sub01/weights.safetensors")
COMMON = ("--no-pictures", "--fold", "0-1")


def losses(run: Path) -> list[dict[str, str]]:
    """The log of the first fold, without the seconds."""
    with (run / "folds/casme2/sub01/log.csv").open(newline="") as stream:
        return [{**row, "seconds": ""} for row in csv.DictReader(stream)]


@pytest.fixture
def resident(tmp_path: Path, flows: Path, config: Path, command: Command) -> Path:
    run = tmp_path / "resident"
    assert command(flows, "--config", config, *COMMON, "--run-dir", run) == 0
    return run


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_budget_that_does_not_suffice_streams_to_the_same_losses(
    tmp_path: Path, flows: Path, config: Path, command: Command, resident: Path, jobs: int
) -> None:
    run = tmp_path / "streamed"
    little = ["--memory-budget", "10 kB", "--jobs", jobs, "--run-dir", run]
    assert command(flows, "--config", config, *COMMON, *little) == 0
    assert losses(run) == losses(resident)
    for name in FILES:
        assert (run / name).read_bytes() == (resident / name).read_bytes()
    # a run goes on with another budget
    assert command(flows, "--config", config, *COMMON, "--run-dir", run) == 0


@pytest.mark.parametrize("size", ["much", "0", "-1GB"])
def test_a_budget_that_is_no_size_is_refused(
    flows: Path, options: list[object], command: Command, size: str
) -> None:
    assert command(flows, *options, "--memory-budget", size) == 2
