"""`--oracle`: computed beside the run, never for it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from raicl.train.report.page import write_page
from raicl.train.run.outcome import read_outcomes
from raicl.train.scores.predictions import read_predictions
from tests.train.conftest import Command
from tests.train.run.faults import in_the_way

WEIGHTS = [f"folds/casme2/sub0{n}/weights.safetensors" for n in (1, 2, 3)]
RANDOM = ["--erasing", 0.5, "--shift", 2, "--epochs", 3]  # whatever draws is on


def test_the_run_is_the_same_bytes_with_and_without_it(
    tmp_path: Path, flows: Path, config: Path, command: Command, capfd: Any
) -> None:
    common = [flows, "--config", config, "--no-pictures", *RANDOM]
    assert command(*common, "--run-dir", tmp_path / "plain") == 0
    assert "test-selected" not in capfd.readouterr().out
    assert command(*common, "--run-dir", tmp_path / "oracle", "--oracle") == 0
    out = capfd.readouterr().out
    for name in ("predictions.csv", "config.toml", *WEIGHTS):
        one, two = (tmp_path / run / name for run in ("plain", "oracle"))
        assert one.read_bytes() == two.read_bytes()
    results = json.loads((tmp_path / "oracle/results.json").read_text())
    oracle = results.pop("oracle")
    plain = json.loads((tmp_path / "plain/results.json").read_text())
    assert plain.pop("oracle") is None
    assert {**results, "run_dir": ""} == {**plain, "run_dir": ""}
    assert oracle["selection"] == "test-selected, invalid"
    assert oracle["accuracy"] >= results["accuracy"]
    assert set(oracle["epochs"]) == {f"casme2/sub0{n}" for n in (1, 2, 3)}
    lines = out.splitlines()
    place = next(line for line in lines if line.strip() == "test-selected, invalid").index("test")
    shown = {line.split()[0]: line[place:] for line in lines if line.startswith(("UF1", "UAR"))}
    assert shown == {name: f"{oracle[name.lower()]:.4f}" for name in ("UF1", "UAR")}
    pytest.importorskip("jinja2")
    for run, times in (("plain", 0), ("oracle", 1)):
        write_page(tmp_path / "page.html", read_outcomes([tmp_path / run]), faces=False)
        page = (tmp_path / "page.html").read_text()
        assert page.count('<th scope="col" class="n">test-selected, invalid</th>') == times
        assert ("No number was chosen on a" in page) == (times == 0)


def test_the_last_epoch_it_saw_is_the_one_that_is_scored(
    tmp_path: Path, flows: Path, options: list[object], command: Command
) -> None:
    assert command(flows, *options, "--oracle", "--fold", "#1") == 0
    folder = tmp_path / "run/folds/casme2/sub02"
    rows = [json.loads(line) for line in (folder / "oracle.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    predictions, _ = read_predictions(folder / "predictions.csv")
    assert rows[-1]["predicted"] == {row.clip: row.predicted for row in predictions}


def test_an_interrupted_fold_goes_on_to_the_same_oracle(
    tmp_path: Path, flows: Path, options: list[object], command: Command
) -> None:
    arguments = [flows, *options, "--fold", "#0", *RANDOM, "--oracle"]
    fold = tmp_path / "run/folds/casme2/sub01"
    assert command(*arguments) == 0
    files = ("oracle.jsonl", "predictions.csv", "weights.safetensors")
    whole = [(fold / name).read_bytes() for name in files]
    shutil.rmtree(fold)
    with in_the_way(fold / "state-0002.safetensors"):
        assert command(*arguments) == 3
    # of epoch 2 the classes are written, and the checkpoint is not
    assert len((fold / "oracle.jsonl").read_text().splitlines()) == 2
    assert [path.name for path in fold.glob("state-*.json")] == ["state-0001.json"]
    assert command(*arguments) == 0
    assert [(fold / name).read_bytes() for name in files] == whole


def test_folds_trained_without_are_named_and_there_is_no_oracle_of_a_part(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, *options, "--fold", "#0") == 0
    assert command(flows, *options, "--fold", "#1", "--oracle") == 0
    shown = capfd.readouterr()
    assert "no oracle: trained without it, at least in part: casme2/sub01" in shown.err
    assert "test-selected" not in shown.out
    assert json.loads((tmp_path / "run/results.json").read_text())["oracle"] is None


def test_classes_by_epoch_that_were_edited_are_refused(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, *options, "--fold", "#0", "--oracle") == 0
    path = tmp_path / "run/folds/casme2/sub01/oracle.jsonl"
    path.write_text(path.read_text() + "\n")
    assert command(flows, *options, "--fold", "#0", "--oracle") == 3
    assert str(path) in capfd.readouterr().err
