"""Jobs of an array train the folds of one run together."""

import json
from pathlib import Path
from typing import Any

from tests.train.conftest import Command

NAMES = ("predictions.csv", "folds/casme2/sub02/weights.safetensors")


def test_shares_train_every_fold_once_and_the_last_pools_all(
    tmp_path: Path, flows: Path, config: Path, command: Command, capfd: Any
) -> None:
    common = [flows, "--config", config, "--no-pictures"]
    assert command(*common, "--run-dir", tmp_path / "whole") == 0
    run = tmp_path / "run"
    for index, (trained, done) in enumerate([(2, 2), (1, 3)]):
        assert command(*common, "--run-dir", run, "--shard", f"{index}/2") == 0
        assert len([line for line in capfd.readouterr().err.splitlines() if " acc " in line])
        assert json.loads((run / "results.json").read_text())["folds"] == {"done": done, "all": 3}
        log = (run / "run.log").read_text()
        assert log.count(" acc ") == trained + (2 if index else 0)
    for name in NAMES:
        assert (run / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert command(*common, "--run-dir", run) == 0
    assert "3 of 3 folds are finished already" in capfd.readouterr().err


def test_a_share_without_a_fold_does_nothing_and_is_no_error(
    tmp_path: Path, flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, *options, "--shard", "3/4") == 0
    assert "part 3/4 has no fold" in capfd.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_share_does_not_start_the_others_anew(
    flows: Path, options: list[object], command: Command, capfd: Any
) -> None:
    assert command(flows, *options, "--shard", "0/2", "--overwrite") == 2
    assert "would remove the folds of the other parts" in capfd.readouterr().err
