"""`raicl-train --tensorboard`: the rows of the log, as TensorBoard reads them."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.train.conftest import Command


def steps(run: Path, subject: str, tag: str = "loss") -> list[int]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(run / "tensorboard/casme2" / subject))
    read.Reload()
    return [event.step for event in read.Scalars(tag)]


def test_finished_folds_and_new_ones_have_event_files(
    tmp_path: Path, flows: Path, options: list[object], command: Command
) -> None:
    pytest.importorskip("tensorboard")
    run = tmp_path / "run"
    assert command(flows, *options, "--fold", "#0") == 0
    assert not (run / "tensorboard").exists()
    for _ in range(2):  # the second time nothing is trained and nothing written twice
        assert command(flows, *options, "--fold", "0-1", "--tensorboard") == 0
        assert steps(run, "sub01") == steps(run, "sub02", "usage") == [1, 2]
    log = (run / "folds/casme2/sub02/log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in log] == [1, 2]
    assert command(flows, *options, "--fold", "#0", "--overwrite") == 0
    assert not (run / "tensorboard").exists()


def test_without_the_package_nothing_is_begun(
    tmp_path: Path,
    flows: Path,
    options: list[object],
    command: Command,
    capfd: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    assert command(flows, *options, "--tensorboard") == 4
    assert "fix: pip install 'raicl[tensorboard]'" in capfd.readouterr().err
    assert not (tmp_path / "run").exists()
