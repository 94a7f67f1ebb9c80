"""`--oracle`: computed beside the run, never for it; and who reads the labels of those tested."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from raicl.common.cache.flows import open_cache
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.fold.fit import Output, fit_fold
from raicl.train.fold.inference import classify, predict
from raicl.train.fold.oracle import best_epoch, pool_oracle, watch
from raicl.train.inputs.instances import load_instances
from raicl.train.report.page import write_page
from raicl.train.run import attempt
from raicl.train.run.outcome import read_outcomes
from raicl.train.scores.predictions import read_predictions
from raicl.train.settings import TrainSettings
from tests.train.runs import CLASSES, predictions_of

Command = Callable[..., int]
WEIGHTS = [f"folds/casme2/sub0{n}/weights.safetensors" for n in (1, 2, 3)]
RANDOM = ["--erasing", 0.5, "--shift", 2, "--epochs", 3]  # whatever draws is on


def test_the_best_epoch_is_the_first_of_equal_ones() -> None:
    truth = {"a": 0, "b": 1}
    wrong, half, right = {"a": 1, "b": 0}, {"a": 0, "b": 0}, {"a": 0, "b": 1}
    assert best_epoch([wrong, half, right, right], truth) == 3
    assert best_epoch([half, wrong, half], truth) == 1


def test_each_subject_is_scored_at_its_own_best_epoch_and_pooled() -> None:
    rows = predictions_of({"d/1": (0, 1), "d/2": (2, 2)}, wrong=["d/1/EP01", "d/2/EP01"])
    one = [{"d/1/EP01": 0, "d/1/EP02": 1}, {"d/1/EP01": 1, "d/1/EP02": 1}]
    two = [{"d/2/EP01": 0, "d/2/EP02": 1}, {"d/2/EP01": 0, "d/2/EP02": 2}]
    found = pool_oracle({"d/1": one, "d/2": two}, rows, CLASSES)
    assert found.epochs == {"d/1": 1, "d/2": 2}
    # pooled: 0→0, 1→1, 2→0, 2→2
    assert found.accuracy == 3 / 4
    assert found.uar == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert found.uf1 == pytest.approx((2 / 3 + 1 + 2 / 3) / 3)


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
    tmp_path: Path,
    flows: Path,
    config: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    common = [flows, "--config", config, "--no-pictures", "--fold", "#0", *RANDOM, "--oracle"]
    assert command(*common, "--run-dir", tmp_path / "whole") == 0

    def interrupted(*arguments: Any) -> Any:
        observe = watch(*arguments)

        def stop(epoch: int, *rest: Any) -> None:
            observe(epoch, *rest)
            if epoch == 2:
                raise KeyboardInterrupt  # the classes are written, the checkpoint is not

        return stop

    monkeypatch.setattr(attempt, "watch", interrupted)
    assert command(*common, "--run-dir", tmp_path / "broken") == 130
    monkeypatch.setattr(attempt, "watch", watch)
    assert command(*common, "--run-dir", tmp_path / "broken") == 0
    for name in ("oracle.jsonl", "predictions.csv", "weights.safetensors"):
        one, two = (tmp_path / run / "folds/casme2/sub01" / name for run in ("whole", "broken"))
        assert one.read_bytes() == two.read_bytes()


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


class Poisoned(Mapping[str, int]):
    """Labels of which those of some clips may not be asked for."""

    def __init__(self, labels: Mapping[str, int], clips: tuple[str, ...]) -> None:
        self.labels, self.clips = labels, clips

    def __getitem__(self, clip: str) -> int:
        assert clip not in self.clips, f"the label of {clip} was read"
        return self.labels[clip]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("all labels were read")

    def __len__(self) -> int:
        raise AssertionError("all labels were counted")


@pytest.mark.parametrize("imbalance", ["none", "balanced-sampler", "prior-correction"])
def test_no_label_of_a_tested_clip_is_read_before_it_is_predicted(
    tmp_path: Path, flows: Path, small: TrainSettings, imbalance: str
) -> None:
    cache = open_cache(flows)
    settings = small.model_copy(update={"imbalance": imbalance})
    sources = [(cache, record) for record in cache.records]
    device = torch.device("cpu")
    instances = load_instances(sources, size=33, device=device, where="device")
    fold = leave_one_subject_out([record.clip for record in cache.records])[1]
    emotions = ("disgust", "happiness", "surprise")
    truth = {record.id: emotions.index(record.clip.emotion) for record in cache.records}
    other = truth | {clip: (truth[clip] + 1) % 3 for clip in fold.test}
    found = []
    for name, labels in (("poisoned", Poisoned(truth, fold.test)), ("other", other)):
        folder = tmp_path / name
        folder.mkdir()
        model, scale = fit_fold(
            fold,
            instances,
            labels,
            settings,
            n_classes=3,
            device=device,
            output=Output(folder=folder, say=print),
            observe=watch(folder, instances, fold.test),
        )
        verdicts = classify(model, instances, scale, clips=fold.test)
        weights = {key: value.clone() for key, value in model.state_dict().items()}
        found.append((weights, verdicts, (folder / "oracle.jsonl").read_bytes()))
    (weights, *rest), (others, *again) = found
    assert rest == again
    assert all(torch.equal(weights[key], others[key]) for key in weights)
    with pytest.raises(AssertionError, match="was read"):  # the poison works
        predict(
            model,
            instances,
            scale,
            clips=fold.test,
            subjects=dict.fromkeys(fold.test, fold.name),
            labels=Poisoned(truth, fold.test),
        )
