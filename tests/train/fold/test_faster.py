"""Settings that are only faster: their steps are those of the plain one up to rounding."""

from pathlib import Path
from typing import Any

import pytest
import torch

from raicl.train.fold.log import History, read_log
from raicl.train.run.device import make_repeatable
from raicl.train.settings import TrainSettings
from tests.train.commands import put_back
from tests.train.conftest import MakeCache
from tests.train.harness import Data

# over two epochs of Adam, whose first steps follow the sign of a gradient however small it is
TOLERANCE = 1e-3


def logs(
    tmp_path: Path, make_cache: MakeCache, settings: TrainSettings, **changed: Any
) -> tuple[History, History]:
    """The epochs of the plain step, and those of the changed one."""
    data = Data.of_cache(make_cache(tmp_path / "flows.h5"))
    found = []
    for name, chosen in (("plain", {}), ("faster", changed)):
        data.fit(data.folds[0], settings.model_copy(update=chosen), tmp_path / name)
        found.append(read_log(tmp_path / name))
    return found[0], found[1]


def assert_alike(plain: History, faster: History) -> None:
    for one, two in zip(plain, faster, strict=True):
        for name in ("loss", "cls", "acl", "align", "c", "ema_gap"):
            assert two[name] == pytest.approx(one[name], rel=TOLERANCE), name


def test_a_fused_update_is_adams(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    assert_alike(*logs(tmp_path, make_cache, small, adam="fused"))


@pytest.mark.slow
@pytest.mark.parametrize("changed", [{}, {"target_bn": "eman"}, {"precision": "bfloat16"}])
def test_compiled_backbones_compute_what_plain_ones_do(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings, changed: dict[str, Any]
) -> None:
    # bfloat16 keeps 8 bits, and fused kernels round to them less often
    settings = small.model_copy(update={**changed, "epochs": 1})
    [plain], [faster] = logs(tmp_path, make_cache, settings, compile="kernels")
    tolerance = 0.05 if settings.precision == "bfloat16" else TOLERANCE
    assert faster["loss"] == pytest.approx(plain["loss"], rel=tolerance)


def test_a_fold_goes_on_with_another_adam_than_it_began_with(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    data = Data.of_cache(make_cache(tmp_path / "flows.h5"))
    for name, adam in (("plain", "plain"), ("changed", "fused")):
        began = small.model_copy(update={"epochs": 1})
        data.fit(data.folds[0], began, tmp_path / name)
        data.fit(data.folds[0], small.model_copy(update={"adam": adam}), tmp_path / name)
    assert_alike(read_log(tmp_path / "plain"), read_log(tmp_path / "changed"))


def test_nothing_reads_memory_that_was_not_written(
    tmp_path: Path, make_cache: MakeCache, small: TrainSettings
) -> None:
    """Torch can fill new tensors with NaN, which `make_repeatable` does not let it do."""
    data = Data.of_cache(make_cache(tmp_path / "flows.h5"))
    weights = []
    with put_back():
        for filled in (False, True):
            make_repeatable(small)
            torch.utils.deterministic.fill_uninitialized_memory = filled
            model, _ = data.fit(data.folds[0], small, tmp_path / str(filled))
            weights.append(model.state_dict())
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name
