"""Step memory: the bytes that a training step keeps, counted instead of measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings

PAIRS = 2  # the fewest that batch normalisation accepts


def count_step_bytes(settings: TrainSettings, n_classes: int) -> int:
    """Bytes of a step, see `step_bytes`, from steps of two and four pairs on the CPU."""
    with torch.random.fork_rng(devices=[]):
        model = Siamese(settings, n_classes)
        few, more = (_saved(model, pairs) for pairs in (PAIRS, 2 * PAIRS))
    return step_bytes(model, few, more)


def step_bytes(model: Siamese, few: int, more: int) -> int:
    """Bytes that a training step keeps.

    Parameters, gradients, Adam's two moments, the target, and what the pairs of a mini-batch save
    for the backward pass.

    Parameters
    ----------
    few, more : what steps of `PAIRS` and of twice as many save, bytes.
    """
    settings = model.settings
    per_pair = (more - few) // PAIRS
    once = few - PAIRS * per_pair  # per step: statistics, copies of weights in half precision
    ways = 2 if settings.pairing == "symmetric" else 1  # then also with exchanged roles
    online, target = _bytes(model.online), 0 if model.target is None else _bytes(model.target)
    return 4 * online + target + once + ways * per_pair * settings.batch_size


def learn_once(model: Siamese, pairs: int) -> None:
    """The forward and the backward pass of a step, without an update."""
    instances = torch.zeros(pairs, 3, model.settings.size, model.settings.size)
    labels = torch.zeros(pairs, dtype=torch.int64)
    model.losses(instances, instances, labels).total.backward()  # type: ignore[no-untyped-call]


@contextmanager
def saved_bytes(model: Siamese) -> Iterator[dict[int, int]]:
    """Yield bytes by place of what is saved for a backward pass in the block, without weights."""
    saved: dict[int, int] = {}

    def remember(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()  # several saved tensors may share one
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(remember, lambda tensor: tensor):
        yield saved
    for tensor in model.state_dict().values():
        saved.pop(tensor.untyped_storage().data_ptr(), None)


def _saved(model: Siamese, pairs: int) -> int:
    with saved_bytes(model) as saved:
        learn_once(model, pairs)
    return sum(saved.values())


def _bytes(module: nn.Module) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in module.parameters())
