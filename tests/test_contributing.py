"""The worked examples of CONTRIBUTING.md do what they say."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from raicl.common.settings import merge
from raicl.train.ablation.grid import read_grid
from raicl.train.settings import TrainSettings

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def example(name: str, language: str = "python") -> str:
    """The block that holds `name`."""
    blocks = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    [block] = [block for block in blocks if name in block]
    return block


def defined_by(name: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(example(name), "CONTRIBUTING.md", "exec"), names)
    return names


def test_the_reader_reads_clips_and_says_why_one_is_not_used(tmp_path: Path) -> None:
    for person, clip in (("person01", "smile"), ("person02", "frown")):
        folder = tmp_path / "archive" / person / clip
        folder.mkdir(parents=True)
        for number in range(3, 8):
            (folder / f"img{number}.png").write_bytes(b"not read")
    rows = ["1,smile,3,7,happiness", "2,frown,4,6,Anger", "2,gone,1,9,sadness"]
    (tmp_path / "minidb.csv").write_text(
        "\n".join(["Person,Recording,First,Last,Emotion", *rows]) + "\n"
    )
    database = defined_by("read_minidb")["read_minidb"](tmp_path, None, ())
    found = {item.clip.id: len(item.frames) for item in database.footage}
    assert found == {"minidb/person01/smile": 5, "minidb/person02/frown": 3}
    assert [item.clip.emotion for item in database.footage] == ["happiness", "anger"]
    [skipped] = database.skipped
    assert "gone" in skipped.id
    assert skipped.reason


def test_the_engine_finds_a_shift_with_the_signs_of_every_engine() -> None:
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(70, 90)), 1)
    onset = noise[5:69, 5:85].astype(np.float32)
    moved = noise[3:67, 2:82].astype(np.float32)  # what is there moves down by 2, right by 3
    flow = defined_by("compute_shift")["compute_shift"](onset, [onset, moved])
    assert flow.shape == (2, 2, 64, 80)
    assert np.abs(flow[0]).max() < 1e-3
    assert flow[1, 0] == pytest.approx(3, abs=0.2)
    assert flow[1, 1] == pytest.approx(2, abs=0.2)


def test_the_loss_is_0_for_orthogonal_regions_and_1_for_equal_ones() -> None:
    loss = defined_by("loss_spread")["loss_spread"]
    orthogonal = torch.eye(4).expand(2, 4, 4)
    assert loss(orthogonal) == pytest.approx(0)
    assert loss(3 * torch.ones(2, 4, 5)) == pytest.approx(1)
    embeddings = torch.randn(2, 4, 5, requires_grad=True)
    loss(embeddings).backward()
    assert embeddings.grad is not None
    assert embeddings.grad.abs().sum() > 0


def test_the_study_is_a_grid_whose_rows_are_settings(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(example("reference", "toml"))
    grid = read_grid(str(path))
    made = {name: merge(TrainSettings, *row.layers(name)) for name, row in grid.rows.items()}
    assert {name: settings.n_frames for name, settings in made.items()} == {"16": 16, "4": 4}
    assert grid.claims[0].rows == ("4", "16")
