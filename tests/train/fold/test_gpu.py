"""On a CUDA device: the same bits twice, the CPU's numbers nearby, and no step that waits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from raicl.common.cache.flows import StoredClip, open_cache
from raicl.train.fold import fit
from raicl.train.fold.log import History, read_log
from raicl.train.inputs.instances import load_instances
from raicl.train.settings import TrainSettings
from tests.train.conftest import MakeCache
from tests.train.harness import CPU, SIZE, Data

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def plain(small: TrainSettings) -> TrainSettings:
    """Without dropout, whose numbers differ between devices."""
    return small.model_copy(update={"epochs": 1, "dropout": 0.0})


@pytest.fixture
def path(tmp_path: Path, make_cache: MakeCache) -> Path:
    return make_cache(tmp_path / "flows.h5")


def log_of(data: Data, folder: Path, settings: TrainSettings) -> History:
    data.fit(data.folds[0], settings, folder)
    return read_log(folder)


def loss_of(data: Data, folder: Path, settings: TrainSettings) -> float:
    return float(log_of(data, folder, settings)[0]["loss"] or 0)


def test_a_gpu_repeats_itself_and_follows_the_cpu(
    tmp_path: Path, path: Path, plain: TrainSettings
) -> None:
    data = Data.of_cache(path, CUDA)
    once, again = (loss_of(data, tmp_path / name, plain) for name in ("once", "again"))
    assert once == again
    assert once == pytest.approx(loss_of(Data.of_cache(path), tmp_path / "cpu", plain), rel=0.05)


@pytest.mark.parametrize(
    ("changed", "tolerance"),
    [
        ({"adam": "fused"}, 1e-3),
        ({"compile": "kernels"}, 1e-2),
        ({"compile": "graphs"}, 1e-2),
        ({"compile": "graphs", "adam": "fused", "target_bn": "eman"}, 1e-2),
        ({"precision": "bfloat16"}, 0.05),
    ],
)
def test_a_faster_step_is_the_plain_one_up_to_rounding(
    tmp_path: Path, path: Path, plain: TrainSettings, changed: dict[str, Any], tolerance: float
) -> None:
    data = Data.of_cache(path, CUDA)
    base = plain.model_copy(update={"target_bn": changed.get("target_bn", "train")})
    expected = loss_of(data, tmp_path / "plain", base)
    found = loss_of(data, tmp_path / "faster", plain.model_copy(update=changed))
    assert found == pytest.approx(expected, rel=tolerance)


def test_an_epoch_does_not_wait_for_the_device(
    tmp_path: Path, path: Path, plain: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn_pairs = fit.learn_pairs

    def strictly(*args: Any, **kwargs: Any) -> Any:
        torch.cuda.set_sync_debug_mode("error")  # torch raises where it would wait
        try:
            return learn_pairs(*args, **kwargs)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    monkeypatch.setattr(fit, "learn_pairs", strictly)
    for adam in ("plain", "fused"):
        settings = plain.model_copy(update={"adam": adam})
        assert loss_of(Data.of_cache(path, CUDA), tmp_path / adam, settings) > 0


def test_a_stream_trains_as_resident_instances_do(
    tmp_path: Path, path: Path, plain: TrainSettings
) -> None:
    data = Data.of_cache(path, CUDA)
    resident = loss_of(data, tmp_path / "resident", plain)
    cache = open_cache(path)
    sources = [StoredClip(cache, record) for record in cache.records]
    data.instances = load_instances(sources, size=SIZE, device=CUDA, where="stream")
    try:
        assert loss_of(data, tmp_path / "stream", plain) == resident
    finally:
        data.instances.close()


@pytest.mark.parametrize(("first", "then"), [(CPU, CUDA), (CUDA, CPU)])
def test_a_fold_goes_on_on_the_other_device(
    tmp_path: Path, path: Path, plain: TrainSettings, first: torch.device, then: torch.device
) -> None:
    longer = plain.model_copy(update={"epochs": 2})
    whole = log_of(Data.of_cache(path, first), tmp_path / "whole", longer)
    log_of(Data.of_cache(path, first), tmp_path / "changed", plain)
    changed = log_of(Data.of_cache(path, then), tmp_path / "changed", longer)
    assert changed[0]["loss"] == pytest.approx(whole[0]["loss"], rel=1e-6)
    assert changed[1]["loss"] == pytest.approx(whole[1]["loss"], rel=0.05)
