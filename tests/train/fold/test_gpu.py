"""On a CUDA device: the same fold, the same bits twice, and the CPU's numbers nearby."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from raicl.common.cache.flows import open_cache
from raicl.train.clips.folds import leave_one_subject_out
from raicl.train.fold.fit import Output, fit_fold
from raicl.train.inputs.instances import load_instances
from raicl.train.settings import TrainSettings

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def first_loss(path: Path, folder: Path, settings: TrainSettings, device: str) -> float:
    folder.mkdir()
    cache, where = open_cache(path), torch.device(device)
    sources = [(cache, record) for record in cache.records]
    instances = load_instances(sources, size=33, device=where, where="device")
    fold = leave_one_subject_out([record.clip for record in cache.records])[0]
    labels = {record.id: index % 3 for index, record in enumerate(cache.records)}
    fit_fold(
        fold,
        instances,
        labels,
        settings,
        n_classes=3,
        device=where,
        output=Output(folder=folder, say=print),
    )
    return float((folder / "log.jsonl").read_text().split('"loss": ')[1].split(",")[0])


def test_a_gpu_repeats_itself_and_follows_the_cpu(
    tmp_path: Path, make_cache: Callable[..., Path], small: TrainSettings
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
