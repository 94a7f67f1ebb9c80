"""The target network ξ: a slow copy of the online network θ that no gradient reaches."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)


def make_target(online: Net) -> Net:
    """A copy of `online` with its own storage, no gradients and no dropout.

    [ours] Its batch normalisation follows train mode like the online network's, as in BYOL.
    Dropout would only add noise to what the online network has to match.
    """
    target = copy.deepcopy(online).requires_grad_(False)
    for module in target.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(module, nn.MultiheadAttention):
            module.dropout = 0.0
    return target


def momentum_at(momentum: float, progress: float) -> float:
    """τ, which rises from `momentum` to 1 along half a cosine, as in BYOL and FRA.

    Parameters
    ----------
    progress : share of the training that is done, 0 … 1.
    """
    return 1 - (1 - momentum) * (math.cos(math.pi * progress) + 1) / 2


@torch.no_grad()
def update_target(
    target: nn.Module, online: nn.Module, momentum: float, *, follow: bool = False
) -> None:
    """ξ ← τ ξ + (1 - τ) θ for parameters (docs/method.md 3.3). Buffers are copied from `online`.

    Copied batch statistics let a saved target run in eval mode too.

    Parameters
    ----------
    momentum : τ. 1 keeps every parameter of the target, 0 copies the online one.
    follow : let running statistics follow as slowly as parameters (EMAN). Counts are still copied.

    Raises
    ------
    ValueError : the networks differ in their number of parameters or buffers.
    """
    parameters = _paired(target.parameters(), online.parameters())
    buffers = _paired(target.buffers(), online.buffers())
    counts = [pair for pair in buffers if not pair[0].is_floating_point()]
    statistics = [pair for pair in buffers if pair[0].is_floating_point()]
    followed, copied = (parameters + statistics, []) if follow else (parameters, statistics)
    # many tensors of one dtype at once: a GPU then runs a few kernels instead of one for each
    if followed:
        torch._foreach_lerp_(*_apart(followed), 1 - momentum)
    for pairs in filter(None, (copied, counts)):
        torch._foreach_copy_(*_apart(pairs))


@torch.no_grad()
def target_gap(target: nn.Module, online: nn.Module) -> Tensor:
    """‖θ - ξ‖ / ‖θ‖ over all parameters: how far the target lags behind."""
    theta, xi = _apart(_paired(online.parameters(), target.parameters()))
    return _norm(torch._foreach_sub(theta, xi)) / _norm(theta)


def _paired(ours: Iterable[Tensor], theirs: Iterable[Tensor]) -> list[tuple[Tensor, Tensor]]:
    return list(zip(ours, theirs, strict=True))


def _apart(pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


def _norm(tensors: Sequence[Tensor]) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(tensors))))
    return norm
