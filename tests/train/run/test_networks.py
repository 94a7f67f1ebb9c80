"""Runs of the published networks: through a fold, its picture, its model and an exported file."""

import json
from pathlib import Path

import pytest

from raicl.common.cache.flows import open_cache
from raicl.train import load_model
from tests.train.conftest import Command, Raicl

PLAIN = ["--no-irc", "--no-mrd", "--epochs", 1, "--size", 28, "--fold", "#0"]


@pytest.mark.parametrize(
    ("words", "side"),
    [
        (["--network", "ststnet"], 5),
        (["--network", "linear"], 7),
        (["--network", "off-apexnet", "--no-irc", "--no-mrd"], 1),
    ],
)
def test_a_fold_is_trained_drawn_and_read_back(
    tmp_path: Path, flows: Path, config: Path, command: Command, words: list[object], side: int
) -> None:
    run = tmp_path / "run"
    given = ["--config", config, *words, "--epochs", 1, "--size", 28, "--fold", "#0"]
    assert command(flows, *given, "--run-dir", run) == 0
    assert json.loads((run / "results.json").read_text())["network"] == words[1]
    assert (run / "folds/casme2/sub01/attention.png").is_file()
    model = load_model(run / "folds/casme2/sub01", device="cpu")
    cache = open_cache(flows)
    instance = cache.read(cache.records[0]).instances[0]
    assert model.class_maps(instance).shape == (3, side, side)
    assert model.predict(instance[None]).sum() == pytest.approx(1)


def test_a_network_without_a_map_is_refused_in_one_line(
    flows: Path, options: list[object], command: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command(flows, *options, "--network", "dual-inception") == 2
    said = capfd.readouterr().err.splitlines()
    assert said[0] == "error: IRC and MRD compare maps, and dual-inception has none: no-irc, no-mrd"


@pytest.mark.slow
@pytest.mark.parametrize("to", ["torch-export", "onnx"])
@pytest.mark.parametrize("network", ["ststnet", "off-apexnet", "dual-inception", "linear"])
def test_an_exported_file_says_what_the_network_says(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    raicl: Raicl,
    network: str,
    to: str,
) -> None:
    if to == "onnx":
        pytest.importorskip("onnxscript")
    assert command(flows, *options, "--network", network, *PLAIN) == 0
    fold = tmp_path / "run/folds/casme2/sub01"
    answer = raicl("export", fold, "--to", to, "--out", tmp_path / "a", "--flows", flows, "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    for found in told["ways"][to]["differences"].values():
        assert max(found["probabilities"], found["class_maps"]) <= told["tolerance"]
