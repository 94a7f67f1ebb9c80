from typing import Any

import pytest

from raicl.common.errors import UsageError
from raicl.common.settings import merge
from raicl.train.settings import TrainSettings, load_preset


def build(**given: Any) -> TrainSettings:
    return merge(TrainSettings, ("command line", given))


def test_the_defaults_are_the_papers() -> None:
    """The table of the method's hyper-parameters."""
    paper = merge(TrainSettings, ("paper", load_preset("paper")))
    assert paper == TrainSettings()
    assert (paper.size, paper.width, paper.last_stride) == (225, 64, 2)
    assert (paper.epochs, paper.batch_size, paper.pairs) == (100, 128, 16)
    assert (paper.lr, paper.weight_decay, paper.gamma) == (1e-3, 1e-4, 0.9)
    assert (paper.momentum, paper.queries, paper.dim) == (0.99, 8, 256)
    assert (paper.temperature_online, paper.temperature_target) == (0.1, 0.04)
    assert (paper.lambda_cls, paper.lambda_acl, paper.lambda_mrd) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    "given",
    [
        {"dim": 30},
        {"dim": 64, "decoder_heads": 5},
        {"momentum": 1.5},
        {"gama": 0.9},
        {"sampling": "apex", "middle_at": 0.2},  # the apex is tested, wherever the middle lies
        {"sampling": "apex", "tested_frame": "trained"},
        {"balance": "none", "balance_weight": 0.5},  # of no balance
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        build(**given)
