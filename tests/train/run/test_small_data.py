"""The fewest clips and instances that a run can have, and more pairs to a step than there are."""

from pathlib import Path

import pytest

from raicl.train.scores.predictions import read_predictions
from tests.train.conftest import Command, MakeCache


@pytest.mark.promise("input 60")
def test_a_fold_may_test_a_single_clip(
    tmp_path: Path,
    options: list[object],
    command: Command,
    make_cache: MakeCache,
) -> None:
    one = make_cache(tmp_path / "one.h5", dataset="samm", subjects=1, clips=1, emotions=["anger"])
    more = make_cache(tmp_path / "more.h5", subjects=2)
    assert command(one, more, *options, "--fold", "samm/sub01") == 0
    rows, _ = read_predictions(tmp_path / "run/predictions.csv")
    assert [row.clip for row in rows] == ["samm/sub01/EP01"]


@pytest.mark.promise("input 65")
def test_a_step_may_take_more_pairs_than_there_are(
    tmp_path: Path, flows: Path, options: list[object], command: Command
) -> None:
    assert command(flows, *options, "--fold", "#0", "--batch-size", 10_000) == 0
    rows, _ = read_predictions(tmp_path / "run/predictions.csv")
    assert len(rows) == 3


@pytest.mark.promise("input 65")
def test_a_step_of_two_is_the_smallest_that_can_be_normalised(
    flows: Path, options: list[object], command: Command
) -> None:
    assert command(flows, *options, "--fold", "#0", "--epochs", 1, "--batch-size", 2) == 0


@pytest.mark.promise("input 77")
def test_clips_of_one_instance_are_trained_on(
    tmp_path: Path, options: list[object], command: Command, make_cache: MakeCache
) -> None:
    flows = make_cache(tmp_path / "single.h5", n=1)
    assert command(flows, *options, "--fold", "#0") == 0
