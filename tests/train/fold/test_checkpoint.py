import json
import os
import pickle
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from raicl.common.errors import ConflictError, ResourceError
from raicl.common.sealing import seal
from raicl.train.fold.checkpoint import (
    Checkpoint,
    examine_states,
    load_tensors,
    remove_states,
    save_tensors,
)
from raicl.train.fold.state import read_state


class Training:
    """A small regression with dropout, whose course depends on every part of the state."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 1)
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.01, weight_decay=1e-4)
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, 0.9)
        self.rng = np.random.default_rng(0)
        self.checkpoint = Checkpoint(
            folder,
            model=self.model,
            optimizer=self.optimizer,
            scheduler=self.scheduler,
            rng=self.rng,
        )
        self.warnings: list[str] = []

    def epoch(self) -> None:
        batch = torch.from_numpy(self.rng.normal(size=(16, 4)).astype(np.float32))
        for _ in range(3):
            self.optimizer.zero_grad()
            self.model(batch).square().mean().backward()
            self.optimizer.step()
        self.scheduler.step()

    def run(self, first: int, last: int) -> None:
        for epoch in range(first, last):
            self.epoch()
            self.checkpoint.save(epoch + 1, [{"epoch": e + 1} for e in range(epoch + 1)])

    def resume(self) -> int:
        return self.checkpoint.resume(self.warnings.append)[0]

    def weights(self) -> dict[str, Tensor]:
        return self.model.state_dict()


def assert_same(one: Training, other: Training) -> None:
    assert one.weights().keys() == other.weights().keys()
    for name, value in one.weights().items():
        assert torch.equal(value, other.weights()[name]), name


def test_an_interrupted_training_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "whole").mkdir()
    whole = Training(tmp_path / "whole")
    whole.run(0, 5)
    Training(tmp_path / "broken").run(0, 2)
    torch.manual_seed(99)  # another process would have another state
    resumed = Training(tmp_path / "broken")
    assert resumed.checkpoint.resume(resumed.warnings.append) == (2, [{"epoch": 1}, {"epoch": 2}])
    resumed.run(2, 5)
    assert_same(resumed, whole)
    assert resumed.scheduler.get_last_lr() == whole.scheduler.get_last_lr()
    assert not resumed.warnings


@pytest.mark.promise("fault 17")
def test_two_checkpoints_are_kept_and_a_damaged_one_gives_way_to_the_one_before(
    tmp_path: Path,
) -> None:
    training = Training(tmp_path)
    training.run(0, 4)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "state-0003.json",
        "state-0003.safetensors",
        "state-0004.json",
        "state-0004.safetensors",
    ]
    damaged = tmp_path / "state-0004.safetensors"
    content = bytearray(damaged.read_bytes())
    content[-5] ^= 1
    damaged.write_bytes(content)
    resumed = Training(tmp_path)
    assert resumed.resume() == 3
    assert "epoch 4 is damaged" in resumed.warnings[0]
    resumed.run(3, 4)
    assert_same(resumed, training)


@pytest.mark.promise("fault 17")
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_truncated_checkpoints_lead_back_to_the_first_epoch(
    tmp_path: Path, suffix: str, share: float
) -> None:
    Training(tmp_path).run(0, 2)
    for path in tmp_path.glob(f"*.{suffix}"):
        os.truncate(path, int(path.stat().st_size * share))
    fresh, resumed = Training(tmp_path), Training(tmp_path)
    assert resumed.resume() == 0
    assert len(resumed.warnings) == 2
    assert_same(resumed, fresh)


@pytest.mark.promise("fault 18")
def test_a_pickle_in_the_place_of_tensors_runs_no_code(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    Training(tmp_path).run(0, 1)

    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (canary,)

    (tmp_path / "state-0001.safetensors").write_bytes(pickle.dumps(Payload()))
    resumed = Training(tmp_path)
    assert resumed.resume() == 0
    assert resumed.warnings
    assert not canary.exists()


def test_a_kill_between_tensors_and_json_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    Training(tmp_path).run(0, 2)
    (tmp_path / "state-0002.json").unlink()  # committed last, so a kill can leave it out
    resumed = Training(tmp_path)
    assert resumed.resume() == 1
    assert not resumed.warnings


@pytest.mark.promise("fault 7")
def test_a_full_disk_ends_the_epoch_and_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    training = Training(tmp_path)
    training.run(0, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(ResourceError, match="disk is full"):
            training.run(1, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert Training(tmp_path).resume() == 1
    assert not list(tmp_path.glob(".*"))


def test_removal_leaves_no_state(tmp_path: Path) -> None:
    Training(tmp_path).run(0, 3)
    (tmp_path / "state-0003.json").unlink()
    (tmp_path / "log.jsonl").touch()
    remove_states(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_state_of_another_network_is_refused_with_what_to_do(tmp_path: Path) -> None:
    Training(tmp_path).run(0, 1)
    other = Training(tmp_path)
    other.model.register_buffer("prototype", torch.zeros(8, 4))  # as a later version might
    with pytest.raises(ConflictError, match="another network") as caught:
        other.resume()
    assert "--overwrite" in caught.value.fix


@pytest.mark.promise("fault 17")
def test_any_bit_of_the_state_beside_the_tensors_is_noticed(tmp_path: Path) -> None:
    Training(tmp_path).run(0, 2)
    path = tmp_path / "state-0002.json"
    content = path.read_bytes()
    assert read_state(path, epoch=2).digest
    for at in range(len(content)):
        for bit in range(8):
            path.write_bytes(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])
            with pytest.raises(ValueError, match=r"\w"):
                read_state(path, epoch=2)
    resumed = Training(tmp_path)  # with the last of them
    assert resumed.resume() == 1
    assert "checkpoint of epoch 2 is damaged and left out" in resumed.warnings[0]
    assert [fault.path.name for fault in examine_states(tmp_path) if fault.what] == [path.name]


PLACES: list[tuple[str | int, ...]] = [
    *((key,) for key in ("epoch", "digest", "optimizer", "scheduler", "rng", "history")),
    ("history", 0, "epoch"), ("history", 1), ("scheduler", "gamma"), ("scheduler", "_last_lr"),
    ("optimizer", 0), ("optimizer", 0, "lr"), ("optimizer", 0, "betas"), ("optimizer", 0, "params"),
    ("rng", "state"), ("rng", "state", "inc"),
]  # fmt: skip
PUT: dict[str, Any] = {"null": None, "nested": [[[[0]]]], "text": "x"}


def edit(path: Path, place: tuple[str | int, ...], kind: str, *, sealed: bool) -> None:
    """Change a value of a state, which has a digest of its own only if `sealed`."""
    values = {k: v for k, v in json.loads(path.read_text()).items() if k != "seal"}
    *way, last = place
    inside: Any = values
    for step in way:
        inside = inside[step]
    if kind == "missing":
        del inside[last]
    else:
        inside[last] = PUT[kind]
    path.write_bytes(seal(values) if sealed else json.dumps(values).encode())


@pytest.mark.promise("fault 17")
@pytest.mark.parametrize("kind", ["missing", *PUT])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_a_state_of_another_structure_from_before_there_were_digests_is_damage(
    tmp_path: Path, place: tuple[str | int, ...], kind: str
) -> None:
    Training(tmp_path).run(0, 2)
    edit(tmp_path / "state-0002.json", place, kind, sealed=False)
    resumed = Training(tmp_path)
    assert resumed.resume() == 1
    assert "checkpoint of epoch 2 is damaged and left out: " in resumed.warnings[0]


@pytest.mark.promise("fault 17")
def test_a_state_that_is_loaded_in_part_leaves_no_trace(tmp_path: Path) -> None:
    Training(tmp_path).run(0, 1)
    edit(tmp_path / "state-0001.json", ("rng", "state"), "null", sealed=True)
    fresh, resumed = Training(tmp_path / ".."), Training(tmp_path)
    assert resumed.resume() == 0
    for training in (fresh, resumed):
        torch.manual_seed(1)
        training.epoch()
    assert_same(resumed, fresh)
    assert resumed.scheduler.get_last_lr() == fresh.scheduler.get_last_lr()


def test_a_checkpoint_of_an_older_raicl_without_a_digest_is_continued(tmp_path: Path) -> None:
    training = Training(tmp_path)
    training.run(0, 2)
    path = tmp_path / "state-0002.json"
    values = {k: v for k, v in json.loads(path.read_text()).items() if k != "seal"}
    path.write_text(json.dumps(values))
    resumed = Training(tmp_path)
    assert resumed.resume() == 2
    assert not resumed.warnings
    assert_same(resumed, training)


@pytest.mark.promise("fault 17")
def test_a_checkpoint_that_cannot_be_opened_now_is_not_taken_for_damaged(tmp_path: Path) -> None:
    Training(tmp_path).run(0, 1)
    resumed = Training(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("raicl.train.fold.checkpoint._epochs", lambda folder: [1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                resumed.resume()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not resumed.warnings
    assert resumed.resume() == 1


def test_tensors_lie_in_a_folder_of_any_name(tmp_path: Path) -> None:
    """Names of folders are bytes: one from elsewhere need not be UTF-8."""
    folder = tmp_path / os.fsdecode(b"r\xffn")
    folder.mkdir()
    saved = {"a": torch.arange(6.0).reshape(2, 3)}
    save_tensors(folder / "a.safetensors", saved)
    torch.testing.assert_close(load_tensors(folder / "a.safetensors"), saved)
