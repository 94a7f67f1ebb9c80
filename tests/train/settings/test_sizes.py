"""How small an input may be follows from the network: its map must leave something to compare."""

import pytest
import torch
from pydantic import ValidationError

from raicl.train.model.networks.resnet18 import make_backbone
from raicl.train.settings import TrainSettings


@pytest.mark.parametrize("stages", [3, 4])
@pytest.mark.parametrize("last_stride", [1, 2])
def test_the_map_has_the_size_that_the_settings_say(stages: int, last_stride: int) -> None:
    network = make_backbone(4, stages=stages, last_stride=last_stride, blocks=1).eval()
    for size in (14, 17, 28, 32, 33, 65, 97):
        settings = TrainSettings(
            size=size, stages=stages, last_stride=last_stride, irc=False, mrd=False
        )
        features = network(torch.zeros(1, 3, size, size))
        assert features.shape[-1] == settings.map_side, size


def test_irc_and_mrd_need_two_cells() -> None:
    assert TrainSettings(size=33).map_side == 2
    assert TrainSettings(size=17, stages=3).map_side == 2
    assert TrainSettings(size=14, irc=False, mrd=False).map_side == 1
    for one in ({"irc": False}, {"mrd": False}, {}):
        with pytest.raises(ValidationError, match="a map of one cell"):
            TrainSettings(size=28, **one)
    with pytest.raises(ValidationError, match="greater than or equal to 14"):
        TrainSettings(size=13)
