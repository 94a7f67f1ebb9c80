"""A run of one's own network, from a file outside of the package, with IRC and MRD on."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from raicl.common.cache.flows import open_cache
from raicl.common.errors import InputError, SetupError
from raicl.common.settings import merge, read_toml
from raicl.data.protocols.protocol import load_protocol
from raicl.train import load_model
from raicl.train.clips.plan import assemble
from raicl.train.run.key import run_key
from raicl.train.settings import TrainSettings
from tests.train.conftest import Command, Raicl
from tests.train.modules import PLAIN, WriteModule, module

__all__ = ["module"]  # a fixture

OWN = ["--network", "mine:small"]


def test_a_run_says_where_its_network_came_from_and_goes_on_only_with_that(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    module: WriteModule,
    command: Command,
    capfd: pytest.CaptureFixture[str],
) -> None:
    digest = hashlib.sha256(module().read_bytes()).hexdigest()
    words = [flows, *options, *OWN, "--fold"]
    assert command(*words, "#0") == 0
    assert f"network       mine:small (SHA-256 {digest})" in capfd.readouterr().out
    run = tmp_path / "run"
    told = json.loads((run / "env.json").read_text())["network_source"]
    assert told == {"module": "mine", "factory": "small", "sha256": digest}
    assert json.loads((run / "results.json").read_text())["network"].startswith("mine:small (SHA")
    log = (run / "folds/casme2/sub01/log.jsonl").read_text().splitlines()
    assert {"cls", "acl", "align", "c"} <= set(json.loads(log[0]))

    settings = merge(TrainSettings, ("run", read_toml(run / "config.toml")))
    composite = assemble([flows], load_protocol("cde"), settings)
    key = run_key(composite, settings)
    before = (run / "results.json").read_bytes()
    module(PLAIN.replace("ReLU", "ELU"))
    assert run_key(composite, settings) != key  # so that it has a folder of its own
    assert command(*words, "#1") == 6
    assert f"the module of mine:small {digest[:16]}, now " in capfd.readouterr().err
    assert (run / "results.json").read_bytes() == before

    module()
    assert command(*words, "#1") == 0
    assert json.loads((run / "results.json").read_text())["folds"] == {"done": 2, "all": 3}


@pytest.mark.slow
def test_two_folds_at_a_time_give_what_one_after_the_other_gives(
    tmp_path: Path, flows: Path, options: list[object], module: WriteModule, command: Command
) -> None:
    module()
    words = [flows, *options, *OWN, "--epochs", 1, "--fold", "0-1"]
    assert command(*words) == 0
    assert command(*words, "--run-dir", tmp_path / "both", "--jobs", 2) == 0
    name = "predictions.csv"
    assert (tmp_path / "both" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


@pytest.mark.parametrize(
    ("text", "words", "code", "what"),
    [
        ("def small(size):\n    return 3\n", OWN, 2, "gives int instead of a torch.nn.Module"),
        ("import nothing_there\n", OWN, 4, "cannot be imported: No module named 'nothing_there'"),
        (PLAIN, ["--network", "mine:other"], 2, "the module has no such factory"),
        (PLAIN, ["--network", "nothere:small"], 4, "no module named 'nothere'"),
        (PLAIN, ["--network", "resnet19"], 2, "network = 'resnet19': none of resnet18, "),
        (PLAIN, ["--network", "mine"], 2, "and no package.module:factory"),
    ],
)
def test_a_wrong_network_ends_in_one_line_before_anything_is_made(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    module: WriteModule,
    command: Command,
    capfd: pytest.CaptureFixture[str],
    text: str,
    words: list[object],
    code: int,
    what: str,
) -> None:
    module(text)
    assert command(flows, *options, *words) == code
    said = capfd.readouterr().err
    assert what in said.splitlines()[0]
    assert "Traceback" not in said
    assert not (tmp_path / "run").exists()


def test_a_model_of_it_is_fitted_loaded_and_exported_only_with_the_same_module(
    tmp_path: Path, flows: Path, config: Path, module: WriteModule, raicl: Raicl
) -> None:
    path = module()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    out = tmp_path / "model"
    fitted = raicl("fit", flows, "--config", config, *OWN, "--epochs", 1, "--out", out)
    assert fitted.code == 0, fitted.err
    card = (out / "README.md").read_text()
    assert "on the network `mine:small`, fitted by raicl" in card
    assert digest in card

    cache = open_cache(flows)
    instances = cache.read(cache.records[0]).instances[:1]
    probabilities = load_model(out, device="cpu").predict(instances)
    assert probabilities.sum() == pytest.approx(1)
    said = raicl("export", out, "--to", "torch-export", "--out", tmp_path / "a.pt2", "--json")
    assert said.code == 0, said.err  # compared with PyTorch before it is written

    shutil.copytree(out, tmp_path / "copy")
    module(PLAIN.replace("ReLU", "ELU"))
    with pytest.raises(InputError, match=f"has changed since it was trained: {digest[:16]}"):
        load_model(tmp_path / "copy", device="cpu")
    assert raicl("export", out, "--to", "torch-export", "--out", tmp_path / "b.pt2").code == 3
    again = raicl("fit", flows, "--config", config, *OWN, "--epochs", 1, "--out", out)
    assert (again.code, "the module of mine:small" in again.err) == (6, True)

    module().unlink()
    with pytest.raises(SetupError, match="no module named 'mine'"):
        load_model(out, device="cpu")
    module()
    np.testing.assert_array_equal(load_model(out, device="cpu").predict(instances), probabilities)
