"""Cost of a row's network, counted instead of timed, so that it is the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from raicl.train.model.siamese import Siamese
from raicl.train.model.step_memory import PAIRS, learn_once, saved_bytes, step_bytes
from raicl.train.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of one configuration.

    Attributes
    ----------
    trained, tested : number of parameters that the optimiser trains, and of those that classify.
    pair_flops : floating-point operations per pair of a training step, forward and backward. Counts
        convolutions and matrix products. A multiplication with an addition counts as two.
    instance_flops : the same for one tested instance, forward only.
    step_bytes : bytes that a training step keeps, see `raicl.train.model.step_memory.step_bytes`.
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
        few, pair_flops = _step(model, PAIRS)
        more, _ = _step(model, 2 * PAIRS)
        model.eval()
        with FlopCounterMode(display=False) as testing, torch.no_grad():
            model.classify(torch.zeros(1, 3, settings.size, settings.size))
    ways = 2 if settings.pairing == "symmetric" else 1  # then also with exchanged roles
    return Cost(
        trained=_count(model.online),
        tested=_count(model.tested.classifier),
        pair_flops=ways * pair_flops,
        instance_flops=testing.get_total_flops(),
        step_bytes=step_bytes(model, few, more),
    )


def _step(model: Siamese, pairs: int) -> tuple[int, int]:
    """Bytes that a step saves for its backward pass besides the weights, and its FLOPs per pair."""
    with FlopCounterMode(display=False) as counter, saved_bytes(model) as saved:
        learn_once(model, pairs)
    return sum(saved.values()), counter.get_total_flops() // pairs


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
