"""Resident: all rows in memory, once for all processes of this machine that are given them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from raicl.common.errors import ResourceError
from raicl.train.inputs.epoch import place
from raicl.train.inputs.unnamed import Unnamed


class Resident:
    """All rows in one float16 tensor on the device.

    A pickled one is a handle to the same memory, and not a copy. The process that has pickled it
    must outlive those that take rows from it, and `close` it after them.

    Parameters
    ----------
    instances : float16 (N, 3, S, S).
    shared : the memory that `instances` are in. None if they are in that of this process alone, or
        on a GPU, which needs nothing to share them.
    """

    def __init__(self, instances: Tensor, shared: Unnamed | None = None) -> None:
        self._instances, self._shared = instances, shared
        self._buffer = instances.new_empty((0, *instances.shape[1:]))

    @classmethod
    def empty(
        cls, shape: tuple[int, ...], device: torch.device, *, shared: bool = False
    ) -> Resident:
        """Rows to be filled in by `put`.

        Raises
        ------
        ResourceError : they do not fit into the memory of the device.
        """
        try:
            if shared and device.type == "cpu":
                memory = Unnamed.in_memory()
                return cls(_map(memory.path, shape, write=True), memory)
            return cls(torch.empty(shape, dtype=torch.float16, device=device))
        except (RuntimeError, MemoryError, OSError) as error:
            raise ResourceError(
                f"{shape[0]} instances of {shape[-1]} px do not fit into the memory of {device}",
                fix="give --instances stream",
            ) from error

    def put(self, rows: slice, instances: Tensor) -> None:
        """Fill in some rows."""
        self._instances[rows] = instances.to(self._instances.device)

    def take(self, rows: Tensor) -> Tensor:
        """Gather into a buffer that is reused: on a CPU new memory costs more than the copy."""
        if len(rows) > len(self._buffer):
            self._buffer = self._instances.new_empty((len(rows), *self._instances.shape[1:]))
        rows = rows.to(self._instances.device)
        return torch.index_select(self._instances, 0, rows, out=self._buffer[: len(rows)])

    def prefetch(self, batches: Sequence[Tensor]) -> Sequence[Tensor]:
        """Nothing to read ahead. The rows go to the device in one copy."""
        return place(batches, self._instances.device)

    def close(self) -> None:
        """Hand over the rows no more."""
        if self._shared is not None:
            self._shared.close()

    def __reduce__(self) -> tuple[Callable[..., Resident], tuple[Any, ...]]:
        if self._instances.device.type == "cuda":
            from torch.multiprocessing.reductions import reduce_tensor

            rebuild, values = reduce_tensor(self._instances)  # type: ignore[no-untyped-call]
            return _rebuild, (rebuild, values)
        if self._shared is None:
            raise TypeError("the instances are in the memory of this process alone")
        return _attach, (self._shared.path, tuple(self._instances.shape))


def _rebuild(rebuild: Callable[..., Tensor], values: tuple[Any, ...]) -> Resident:
    return Resident(rebuild(*values))


def _attach(path: str, shape: tuple[int, ...]) -> Resident:
    return Resident(_map(path, shape, write=False))


def _map(path: str, shape: tuple[int, ...], *, write: bool) -> Tensor:
    """The rows in a file. Who may not write has a private mapping, which shares what it reads."""
    size = math.prod(shape)
    return torch.from_file(path, shared=write, size=size, dtype=torch.float16).view(shape)
