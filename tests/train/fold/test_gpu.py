"""On a CUDA device: the same fold, the same bits twice, and the CPU's numbers nearby."""

from pathlib import Path

import pytest
import torch

from raicl.train.fold.log import read_log
from raicl.train.settings import TrainSettings
from tests.train.conftest import MakeCache
from tests.train.harness import Data

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def first_loss(path: Path, folder: Path, settings: TrainSettings, device: str) -> float:
    data = Data.of_cache(path, torch.device(device))
    data.fit(data.folds[0], settings, folder)
    return float(read_log(folder)[0]["loss"])


def test_a_gpu_repeats_itself_and_follows_the_cpu(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    path = make_cache(tmp_path / "flows.h5")
    settings = small.model_copy(update={"epochs": 1, "dropout": 0.0})
    torch.use_deterministic_algorithms(True)
    try:
        once, again = (
            first_loss(path, tmp_path / name, settings, "cuda") for name in ("once", "again")
        )
    finally:
        torch.use_deterministic_algorithms(False)
    assert once == again
    assert once == pytest.approx(first_loss(path, tmp_path / "cpu", settings, "cpu"), rel=0.05)
