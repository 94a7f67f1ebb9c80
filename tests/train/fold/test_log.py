import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raicl.train.fold.log import COLUMNS, Log
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings


def epoch(number: int) -> dict[str, Any]:
    return {"epoch": number, "lr": 0.1 / 3, "seconds": 2.5, "loss": 1e-9 * number, "acl": None}


def rows_of(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Those of log.jsonl and of log.csv."""
    lines = (folder / "log.jsonl").read_text().splitlines()
    with (folder / "log.csv").open(newline="") as stream:
        return [json.loads(line) for line in lines], list(csv.DictReader(stream))


def agree(folder: Path) -> bool:
    lines, table = rows_of(folder)
    shown = [{name: float(text) if text else None for name, text in row.items()} for row in table]
    return shown == [{name: row.get(name) for name in COLUMNS} for row in lines]


def test_the_table_has_the_rows_of_the_lines_to_the_last_digit(tmp_path: Path) -> None:
    with Log(tmp_path, []) as log:
        for number in (1, 2, 3):
            log.append(epoch(number))
            assert len(rows_of(tmp_path)[0]) == number  # on disk while the fold still trains
            assert agree(tmp_path)


def test_a_resumed_log_begins_with_the_finished_epochs_whatever_a_kill_left(
    tmp_path: Path,
) -> None:
    """Killed in epoch 4, which one file holds and the other holds half of; epoch 2 is saved."""
    with Log(tmp_path, []) as log:
        for number in (1, 2, 3, 4):
            log.append(epoch(number))
    table = tmp_path / "log.csv"
    table.write_bytes(table.read_bytes()[:-9])
    with Log(tmp_path, [epoch(1), epoch(2)]) as log:
        log.append(epoch(3))
    assert [row["epoch"] for row in rows_of(tmp_path)[0]] == [1, 2, 3]
    assert agree(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"balance": "entropy", "decorrelation": 0.02},
        {"irc": False},
        {"mrd": False},
        {"irc": False, "mrd": False},
    ],
)
def test_every_number_the_method_logs_has_a_column(
    small: TrainSettings, changes: dict[str, Any]
) -> None:
    settings = TrainSettings.model_validate({**small.model_dump(), **changes})
    model = Siamese(settings, 3, [2, 2, 2])
    online, target = torch.randn(2, 4, 3, 33, 33)
    losses = model.losses(online, target, torch.tensor([0, 1, 2, 0]))
    named = {"epoch", "lr", "seconds", "loss", *losses.terms, *losses.monitors}
    assert named <= set(COLUMNS)
    if "balance" in changes:
        assert named == set(COLUMNS)  # nor is there a column without a number


def test_event_files_hold_every_epoch_once_after_a_resume(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = tmp_path / "events"
    with Log(tmp_path, [], events=events) as log:
        for number in (1, 2, 3):
            log.append(epoch(number))
    with Log(tmp_path, [epoch(1), epoch(2)], events=events) as log:
        for number in (3, 4):
            log.append(epoch(number))
    read = accumulator.EventAccumulator(str(events))
    read.Reload()
    assert set(read.Tags()["scalars"]) == {"lr", "seconds", "loss"}  # acl was never finite
    found = [(event.step, event.value) for event in read.Scalars("loss")]
    assert found == [(n, np.float32(1e-9 * n)) for n in (1, 2, 3, 4)]
