import copy

import pytest
import torch
from torch import nn

from raicl.train.model.target import make_target, momentum_at, target_gap, update_target


@pytest.fixture
def online() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))


def moved(net: nn.Module) -> nn.Module:
    """A network that has learned something since."""
    other = copy.deepcopy(net)
    for parameter in other.parameters():
        nn.init.normal_(parameter)
    return other


@torch.no_grad()
def distance(a: nn.Module, b: nn.Module) -> float:
    pairs = zip(a.parameters(), b.parameters(), strict=True)
    return float(sum((x - y).square().sum() for x, y in pairs) ** 0.5)


def test_target_shares_no_storage_with_the_online_network(online: nn.Module) -> None:
    target = make_target(online)
    pointers = {tensor.data_ptr() for tensor in online.state_dict().values()}
    assert not pointers & {tensor.data_ptr() for tensor in target.state_dict().values()}


def test_no_gradient_reaches_the_target(online: nn.Module) -> None:
    target = make_target(online)
    x = torch.randn(6, 4)
    (online(x) - target(x)).square().sum().backward()
    assert not any(parameter.requires_grad for parameter in target.parameters())
    assert all(parameter.grad is None for parameter in target.parameters())
    assert all(parameter.grad is not None for parameter in online.parameters())


def test_one_update_is_the_weighted_mean(online: nn.Module) -> None:
    target, online = make_target(online), moved(online)
    before = [parameter.clone() for parameter in target.parameters()]
    update_target(target, online, 0.99)
    for xi, old, theta in zip(target.parameters(), before, online.parameters(), strict=True):
        assert (xi - (0.99 * old + 0.01 * theta)).abs().max() < 1e-6


def test_distance_to_a_resting_network_shrinks_by_tau_to_the_k(online: nn.Module) -> None:
    target, online = make_target(online).double(), moved(online).double()
    before, gap = distance(target, online), float(target_gap(target, online))
    for _ in range(7):
        update_target(target, online, 0.9)
    assert distance(target, online) == pytest.approx(before * 0.9**7, rel=1e-9)
    assert float(target_gap(target, online)) == pytest.approx(gap * 0.9**7, rel=1e-9)


def test_buffers_are_copied_whatever_tau(online: nn.Module) -> None:
    target = make_target(online)
    for _ in range(3):
        online(torch.randn(16, 4) + 5)
    target(torch.randn(16, 4))  # its own forward pass in train mode changes them too
    update_target(target, online, 0.99)
    statistics = dict(online.named_buffers())
    assert statistics["1.num_batches_tracked"] == 3
    for name, buffer in target.named_buffers():
        assert torch.equal(buffer, statistics[name]), name


def test_tau_one_keeps_every_parameter_and_tau_zero_copies_it(online: nn.Module) -> None:
    target, online = make_target(online), moved(online)
    before = copy.deepcopy(target)
    update_target(target, online, 1.0)
    assert distance(target, before) == 0
    update_target(target, online, 0.0)
    assert distance(target, online) == 0


def test_target_has_no_dropout_even_in_train_mode(online: nn.Module) -> None:
    attention = nn.MultiheadAttention(4, 1, dropout=0.5, batch_first=True)
    target, x = make_target(attention).train(), torch.randn(2, 3, 4)
    assert torch.equal(target(x, x, x)[0], target(x, x, x)[0])
    assert not torch.equal(attention(x, x, x)[0], attention(x, x, x)[0])
    plain = make_target(online).train()
    batch = torch.randn(6, 4)
    assert torch.equal(plain(batch), plain(batch))


def test_networks_of_different_shape_are_refused(online: nn.Module) -> None:
    with pytest.raises(ValueError, match="zip"):
        update_target(nn.Sequential(nn.Linear(4, 8)), online, 0.5)


def test_momentum_rises_from_tau_to_one() -> None:
    values = [momentum_at(0.9, progress) for progress in (0, 0.25, 0.5, 0.75, 1)]
    assert values[0] == pytest.approx(0.9)
    assert values[2] == pytest.approx(0.95)
    assert values[4] == pytest.approx(1)
    assert values == sorted(values)
