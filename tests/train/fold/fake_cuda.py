"""A CUDA device that is not there: torch follows shapes and devices, and computes nothing.

What mixes devices, or needs a number that only the device has, is an error there as on a card.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.utils._python_dispatch import TorchDispatchMode

from raicl.train.inputs.instances import Instances, Store
from raicl.train.inputs.resident import Resident
from raicl.train.model.siamese import Siamese
from raicl.train.settings import TrainSettings

CUDA = torch.device("cuda", 0)
CLASSES = 3
Result = TypeVar("Result")


@contextmanager
def fake_cuda() -> Iterator[None]:
    """Within it every tensor is a fake, and `CUDA` can be used."""
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with pytest.MonkeyPatch.context() as patch, FakeTensorMode(allow_non_fake_inputs=True):
            # autocast asks the driver first
            patch.setattr(torch.cuda.amp.common, "amp_definitely_not_available", lambda: False)
            patch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
            yield
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(False)


def siamese_on_cuda(settings: TrainSettings) -> Siamese:
    """Both networks on the fake device."""
    with unset_fake_temporarily(), torch.device("meta"):
        model = Siamese(settings, CLASSES, [5, 4, 3])
    return model.to_empty(device=CUDA)


def without_backward(model: nn.Module) -> None:
    """Instead of ``backward``, which asks the driver for a context: zeros as gradients."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.zeros_like(parameter)


def outside(function: Callable[..., Result]) -> Callable[..., Result]:
    """The function on the real CPU."""

    @wraps(function)
    def really(*args: object, **kwargs: object) -> Result:
        with unset_fake_temporarily():
            return function(*args, **kwargs)

    return really


class Outside:
    """A store on the real CPU, whose rows enter the fake world when they are taken."""

    def __init__(self, store: Store) -> None:
        self.take, self.prefetch = outside(store.take), outside(store.prefetch)
        self.close = store.close


def on_cuda(instances: Instances, store: Store | None = None) -> Instances:
    """The instances of a run on the CPU as one on `CUDA` has them: resident, or in `store`."""
    if store is None:
        with unset_fake_temporarily():
            whole = instances.gather(torch.arange(len(instances.strength))).half()
        store = Resident(whole.to(CUDA))
    return Instances(
        rows=instances.rows,
        middle=instances.middle,
        moments=instances.moments,
        strength=instances.strength,
        motion=instances.motion,
        store=store,
        device=CUDA,
    )


class Waits(TorchDispatchMode):
    """What the host waits for, and what it sends to the device without waiting.

    Attributes
    ----------
    waits : operations that end only when the device has done all its work so far: a number read
        from it, and a copy to or from it that blocks.
    sent : copies to the device that do not block.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[str] = []
        self.sent = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        given = kwargs or {}
        name = func.overloadpacket.__name__
        tensors = [arg for arg in args if isinstance(arg, Tensor)]
        there = [tensor.device.type == "cuda" for tensor in tensors]
        if name == "_to_copy":
            there.append(torch.device(given.get("device") or tensors[0].device).type == "cuda")
            self._copied(name, there, blocks=not given.get("non_blocking"))
        elif name == "copy_":
            self._copied(name, there, blocks=not (given.get("non_blocking") or args[2:3]))
        elif any(there) and (name in _READS or (name == "index" and _masks(args[1]))):
            self.waits.append(name)
        return func(*args, **given)

    def _copied(self, name: str, there: list[bool], *, blocks: bool) -> None:
        if len(set(there)) == 2:
            if blocks:
                self.waits.append(name)
            else:
                self.sent += 1


def _masks(indices: Sequence[Tensor | None]) -> bool:
    return any(index is not None and index.dtype == torch.bool for index in indices)


# the shape or the value of their result is read from the device
_READS = {"_local_scalar_dense", "nonzero", "masked_select", "_unique2", "equal", "item"}
