"""Cost of a row's network, counted instead of timed, so that it is the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings

_PAIRS = 2  # the fewest that batch normalisation accepts; figures are per pair


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of one configuration.

    Attributes
    ----------
    trained, tested : number of parameters that the optimiser trains, and of those that classify.
    pair_flops : floating-point operations per pair of a training step, forward and backward. Counts
        convolutions and matrix products. A multiplication with an addition counts as two.
    instance_flops : the same for one tested instance, forward only.
    step_bytes : bytes that a training step keeps: parameters, gradients, Adam's two moments, the
        target, and what the pairs of a mini-batch save for the backward pass.
    """

    trained: int
    tested: int
    pair_flops: int
    instance_flops: int
    step_bytes: int


def count_cost(settings: TrainSettings, n_classes: int) -> Cost:
    """Count the cost from steps of two and four pairs on the CPU, whatever the device and batch."""
    with torch.random.fork_rng(devices=[]):
        model = Siamese(settings, n_classes)
        few, pair_flops = _step(model, _PAIRS)
        more, _ = _step(model, 2 * _PAIRS)
        model.eval()
        with FlopCounterMode(display=False) as testing, torch.no_grad():
            model.classify(torch.zeros(1, 3, settings.size, settings.size))
    per_pair = (more - few) // _PAIRS
    once = few - _PAIRS * per_pair  # per step: statistics, copies of weights in half precision
    ways = 2 if settings.pairing == "symmetric" else 1  # then also with exchanged roles
    online, target = _bytes(model.online), 0 if model.target is None else _bytes(model.target)
    return Cost(
        trained=_count(model.online),
        tested=_count(model.tested.classifier),
        pair_flops=ways * pair_flops,
        instance_flops=testing.get_total_flops(),
        step_bytes=4 * online + target + once + ways * per_pair * settings.batch_size,
    )


def _step(model: Siamese, pairs: int) -> tuple[int, int]:
    """Bytes that a step saves for its backward pass besides the weights, and its FLOPs per pair."""
    instances = torch.zeros(pairs, 3, model.settings.size, model.settings.size)
    labels = torch.zeros(pairs, dtype=torch.int64)
    saved: dict[int, int] = {}
    with (
        FlopCounterMode(display=False) as counter,
        saved_tensors_hooks(lambda tensor: _remember(tensor, saved), lambda tensor: tensor),
    ):
        model.losses(instances, instances, labels).total.backward()  # type: ignore[no-untyped-call]
    weights = {tensor.untyped_storage().data_ptr() for tensor in model.state_dict().values()}
    bytes_ = sum(size for place, size in saved.items() if place not in weights)
    return bytes_, counter.get_total_flops() // pairs


def _remember(tensor: Tensor, saved: dict[int, int]) -> Tensor:
    storage = tensor.untyped_storage()  # several saved tensors may share one
    saved[storage.data_ptr()] = storage.nbytes()
    return tensor


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _bytes(module: nn.Module) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in module.parameters())
