import pytest
import torch

from raicl.train.ablation.cost import count_cost
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings

PLAIN = {"irc": False, "mrd": False}


def test_resnet18_takes_what_its_layers_add_up_to() -> None:
    cost = count_cost(TrainSettings(size=224, **PLAIN), 3)
    assert cost.trained == cost.tested == 11_176_512 + 3 * 512 + 3
    # by hand: two operations per multiplication, H W k k C_in C_out of every convolution
    sides = [56] * 4 + [28] * 3 + [28, 28] + [14] * 3 + [14, 14] + [7] * 3 + [7, 7]
    stage = {56: 64, 28: 128, 14: 256, 7: 512}
    flops = 2 * 112 * 112 * 7 * 7 * 3 * 64
    for side in (56, 28, 14, 7):
        out = stage[side]
        before = out if side == 56 else out // 2
        first = 9 * before * out + (0 if side == 56 else before * out)
        flops += 2 * side * side * (first + 3 * 9 * out * out)
    assert len(sides) == 19
    assert cost.instance_flops == flops + 2 * 512 * 3


def test_a_step_without_a_target_is_a_pass_and_two_back_but_for_the_first_layer(
    small: TrainSettings,
) -> None:
    cost = count_cost(small.model_copy(update=PLAIN), 3)
    first = 2 * 17 * 17 * 7 * 7 * 3 * 4  # nobody wants the gradient of the instances
    assert cost.pair_flops == 3 * cost.instance_flops - first


def test_each_part_of_the_method_adds_its_share(small: TrainSettings) -> None:
    costs = {
        name: count_cost(small.model_copy(update={"irc": irc, "mrd": mrd}), 3)
        for name, irc, mrd in (("M2", 0, 0), ("M4", 0, 1), ("M5", 1, 0), ("M6", 1, 1))
    }
    assert costs["M5"].trained == costs["M2"].trained  # IRC has no parameter
    assert costs["M6"].trained == costs["M4"].trained > costs["M2"].trained
    assert len({cost.tested for cost in costs.values()}) == 1  # nothing of it is there at test
    assert len({cost.instance_flops for cost in costs.values()}) == 1
    # the target's pass over the features, and the class maps of both networks
    maps = 2 * 2 * 3 * 32 * 3 * 3
    assert costs["M5"].pair_flops - costs["M2"].pair_flops == (
        costs["M2"].instance_flops - 2 * 32 * 3 + maps + maps // 2
    )
    assert costs["M2"].step_bytes < costs["M5"].step_bytes < costs["M6"].step_bytes


def test_a_pair_that_is_trained_on_both_ways_costs_twice(small: TrainSettings) -> None:
    once, twice = (
        count_cost(small.model_copy(update={"pairing": pairing}), 3)
        for pairing in ("iid", "symmetric")
    )
    assert twice.pair_flops == 2 * once.pair_flops
    more = small.model_copy(update={"batch_size": 2 * small.batch_size})
    assert twice.step_bytes == count_cost(more, 3).step_bytes


@pytest.mark.parametrize(("precision", "copied"), [("float32", 0), ("bfloat16", 2)])
def test_what_a_step_keeps_grows_by_the_pair_and_not_with_the_weights(
    small: TrainSettings, precision: str, copied: int
) -> None:
    plain = small.model_copy(update={**PLAIN, "precision": precision})
    costs = [
        count_cost(plain.model_copy(update={"batch_size": n}), 3).step_bytes for n in (8, 16, 24)
    ]
    assert costs[1] - costs[0] == costs[2] - costs[1] > 0
    modules = list(Siamese(plain, 3).modules())
    normed = sum(m.num_features for m in modules if isinstance(m, torch.nn.BatchNorm2d))
    convolved = sum(m.weight.numel() for m in modules if isinstance(m, torch.nn.Conv2d))
    weights = sum(p.numel() for p in Siamese(plain, 3).parameters())
    # four float32 of each weight; mean and deviation of each channel; the number of labels; and
    # where the backbone is half precise a copy of its weights, once however many pairs there are
    once = 4 * 4 * weights + 2 * 4 * normed + 4 + copied * convolved
    assert costs[0] - (costs[1] - costs[0]) == once


def test_counting_leaves_the_random_numbers_as_they_were(small: TrainSettings) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    count_cost(small, 3)
    assert torch.equal(torch.rand(2), expected)


HIDDEN = 1568 * 1024 + 1024 * 1024
# multiplications per instance of 28 px, layer by layer, of three classes
PUBLISHED = {
    "ststnet": (1_683, 28 * 28 * (3 + 5 + 8) * 27 + 400 * 3),
    "off-apexnet": (2_664_475, 2 * (28 * 28 * 6 * 25 + 14 * 14 * 16 * 150) + HIDDEN + 1024 * 3),
    "linear": (444, 147 * 3),
}


@pytest.mark.parametrize("network", PUBLISHED)
def test_the_cost_of_a_published_network_is_that_of_its_layers(network: str) -> None:
    parameters, products = PUBLISHED[network]
    settings = TrainSettings(network=network, size=28, irc=False, mrd=False)
    cost = count_cost(settings, 3)
    assert cost.trained == cost.tested == parameters
    assert cost.instance_flops == 2 * products
    assert cost.pair_flops > cost.instance_flops  # without a target, forward and backward of one
    assert cost.step_bytes >= 16 * parameters
