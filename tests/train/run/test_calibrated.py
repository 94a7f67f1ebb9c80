"""A calibrated run: other probabilities, and in everything else the run without calibration."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raicl.common.errors import InputError
from raicl.train.run.outcome import read_outcome
from raicl.train.scores.predictions import read_predictions
from tests.train.caches import write_cache
from tests.train.commands import Answer
from tests.train.conftest import Command, Raicl
from tests.train.run.faults import in_the_way
from tests.train.runs import seal_again

INNER = ["--calibration", "inner"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, small: Any, command: Command) -> Path:
    """A cache with a run of two folds without calibration, and the same with it."""
    from raicl.train.run.key import to_toml

    folder = tmp_path_factory.mktemp("calibrated")
    write_cache(folder / "flows.h5", subjects=4, noise=0.4)
    (folder / "small.toml").write_text(to_toml(small.model_copy(update={"threads": 1})))
    common = [folder / "flows.h5", "--config", folder / "small.toml", "--no-pictures"]
    common += ["--fold", "0-1"]
    assert command(*common, "--run-dir", folder / "plain") == 0
    assert command(*common, *INNER, "--run-dir", folder / "calibrated") == 0
    return folder


def run(command: Command, place: Path, folder: Path, *more: object) -> int:
    words = [place / "flows.h5", "--config", place / "small.toml", "--no-pictures", *INNER]
    return command(*words, "--run-dir", folder, *more)


def done(folder: Path, subject: str = "sub01") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"folds/casme2/{subject}/done.json").read_text())
    return found


def log_of(folder: Path) -> list[dict[str, float]]:
    """The rows of a fold's log, with the seconds of each epoch."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_the_networks_and_the_classes_are_those_without_calibration(place: Path) -> None:
    for subject in ("sub01", "sub02"):
        fold = f"folds/casme2/{subject}/"
        for name in ("weights.safetensors", "regions.safetensors"):
            both = [(place / r / fold / name).read_bytes() for r in ("plain", "calibrated")]
            assert both[0] == both[1]
    for name in ("", "folds/casme2/sub01/"):
        plain = (place / "plain" / name / "predictions.csv").read_bytes()
        assert (place / "calibrated" / name / "uncalibrated.csv").read_bytes() == plain
    before, after = (
        json.loads((place / r / "results.json").read_text()) for r in ("plain", "calibrated")
    )
    for key in ("uf1", "uar", "accuracy", "confusion", "interval_95", "strata"):
        assert before[key] == after[key]
    assert before["uncalibrated"] is None
    assert after["uncalibrated"] == before["reliability"] != after["reliability"]


def test_its_probabilities_are_the_others_at_the_temperature_of_their_fold(place: Path) -> None:
    after, _ = read_predictions(place / "calibrated/predictions.csv")
    before, _ = read_predictions(place / "plain/predictions.csv")
    assert len(after) == 6
    for one, other in zip(before, after, strict=True):
        temperature = done(place / "calibrated", one.subject[-5:])["calibration"]["temperature"]
        assert abs(temperature - 1) > 0.001
        hotter = np.array(one.probabilities) ** (1 / temperature)
        assert other.probabilities == pytest.approx(hotter / hotter.sum(), abs=1e-4)
        assert (one.clip, one.predicted) == (other.clip, other.predicted)


def test_the_fold_says_whom_it_was_fitted_on_and_leaves_no_second_network(place: Path) -> None:
    folder = place / "calibrated/folds/casme2/sub01"
    found = done(place / "calibrated")
    record = found["calibration"]
    assert len(record["subjects"]) == 1
    assert record["subjects"][0] in {"casme2/sub02", "casme2/sub03", "casme2/sub04"}
    assert record["clips"] == 3
    assert record["nll_after"] < record["nll_before"]
    assert set(found["digests"]) > {"predictions.csv", "uncalibrated.csv"}
    assert not (folder / "inner").exists()
    assert not list(folder.glob("state-*"))
    said = (place / "calibrated/run.log").read_text()
    assert f"temperature {record['temperature']:.3f}, fitted on 3 clips of" in said
    assert done(place / "plain")["calibration"] is None


def test_a_run_stopped_in_the_second_network_goes_on_to_the_same_temperature(
    tmp_path: Path, place: Path, command: Command
) -> None:
    shutil.copytree(place / "calibrated", tmp_path / "run")
    fold = tmp_path / "run/folds/casme2/sub01"
    shutil.rmtree(fold)
    with in_the_way(fold / "inner/state-0002.json"):
        assert run(command, place, tmp_path / "run", "--fold", "0") == 3
    assert (fold / "inner/state-0001.json").is_file()
    rows = log_of(fold)
    assert run(command, place, tmp_path / "run", "--fold", "0") == 0
    assert log_of(fold) == rows  # its own network was not trained again
    whole = place / "calibrated"
    assert done(tmp_path / "run")["calibration"] == done(whole)["calibration"]
    one, two = (done(folder)["digests"] for folder in (tmp_path / "run", whole))
    assert one.keys() == two.keys()
    timed = {"log.jsonl", "log.csv"}  # a log has the seconds of each epoch
    assert {name for name in one if one[name] != two[name]} <= timed


@pytest.mark.slow
def test_folds_at_the_same_time_find_the_same(
    tmp_path: Path, place: Path, command: Command
) -> None:
    assert run(command, place, tmp_path / "run", "--fold", "0-1", "--jobs", "2") == 0
    for subject in ("sub01", "sub02"):
        both = [done(folder, subject) for folder in (tmp_path / "run", place / "calibrated")]
        assert both[0]["calibration"] == both[1]["calibration"]
    for name in ("predictions.csv", "uncalibrated.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (place / "calibrated" / name).read_bytes()


def test_shares_of_votes_cannot_be_calibrated(
    tmp_path: Path, place: Path, command: Command, capfd: Any
) -> None:
    assert run(command, place, tmp_path / "run", "--infer", "vote") == 2
    assert "infer vote gives shares of votes" in capfd.readouterr().err
    assert not (tmp_path / "run").exists()


def test_two_subjects_are_too_few_and_nothing_is_written(
    tmp_path: Path, place: Path, raicl: Raicl, command: Command, capfd: Any
) -> None:
    two = write_cache(tmp_path / "two.h5", subjects=2)
    words = [two, "--config", place / "small.toml", *INNER]
    assert command(*words, "--run-dir", tmp_path / "run") == 3
    said = capfd.readouterr().err
    assert "fold casme2/sub01 trains on one subject, so there is none to calibrate on" in said
    assert not (tmp_path / "run").exists()
    one = write_cache(tmp_path / "one.h5", subjects=1)
    words = [one, "--config", place / "small.toml", *INNER]
    answer: Answer = raicl("fit", *words, "--out", tmp_path / "model")
    assert answer.code == 3
    assert "none to calibrate on" in answer.err
    assert not list(tmp_path.glob("model*"))


def test_uncalibrated_predictions_of_another_run_are_refused(tmp_path: Path, place: Path) -> None:
    shutil.copytree(place / "calibrated", tmp_path / "run")
    assert len(read_outcome(tmp_path / "run", "run").uncalibrated) == 6
    path = tmp_path / "run/uncalibrated.csv"
    path.write_text(path.read_text().replace("sub01/EP01", "sub01/EP09"))
    seal_again(tmp_path / "run")
    with pytest.raises(InputError, match="of other clips or classes"):
        read_outcome(tmp_path / "run", "run")
    path.unlink()
    seal_again(tmp_path / "run")
    with pytest.raises(InputError, match="cannot read the predictions"):
        read_outcome(tmp_path / "run", "run")
