"""Instances: one or several caches as rows, on the device as float16 or streamed from disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raicl.common.console import progress
from raicl.common.errors import InputError, ResourceError
from raicl.common.flows import Cache, ClipRecord
from raicl.train.resizing import resize_instances
from raicl.train.stream import Stream

Source = tuple[Cache, ClipRecord]


class Store(Protocol):
    """Where the rows are kept."""

    def take(self, rows: Tensor) -> Tensor:
        """float16 (B, 3, S, S) of the rows; the next call may overwrite it."""

    def prefetch(self, batches: Sequence[Tensor]) -> None:
        """The rows that `take` will be asked for next, in this order."""

    def close(self) -> None:
        """Give back threads."""


class Instances:
    """Every instance of the chosen clips, one row each.

    Attributes
    ----------
    rows : the rows of each clip, by clip id; middle : the row that inference uses.
    moments : float64 (N, 2, 2), per row the mean and the mean square of flow and of strain.
    """

    def __init__(
        self,
        *,
        rows: dict[str, range],
        middle: dict[str, int],
        moments: NDArray[np.float64],
        store: Store,
        device: torch.device,
    ) -> None:
        self.rows, self.middle, self.moments = rows, middle, moments
        self._store, self._device = store, device

    def gather(self, rows: Tensor) -> Tensor:
        """Raw instances, float32 (B, 3, S, S) on the device, of int64 rows (B,)."""
        taken = self._store.take(rows).to(self._device, non_blocking=True)
        return taken.to(torch.float32, memory_format=torch.channels_last)

    def prefetch(self, batches: Sequence[Tensor]) -> None:
        """Announce the rows `gather` will be asked for, so that a stream reads ahead."""
        self._store.prefetch(batches)

    def close(self) -> None:
        """End the reading thread of a stream."""
        self._store.close()


class Resident:
    """All rows in one float16 tensor on the device."""

    def __init__(self, instances: Tensor) -> None:
        self._instances = instances
        self._buffer = instances.new_empty((0, *instances.shape[1:]))

    def take(self, rows: Tensor) -> Tensor:
        """Gather into a buffer that is kept: on a CPU new pages cost more than the copy."""
        if len(rows) > len(self._buffer):
            self._buffer = self._instances.new_empty((len(rows), *self._instances.shape[1:]))
        rows = rows.to(self._instances.device)
        return torch.index_select(self._instances, 0, rows, out=self._buffer[: len(rows)])

    def prefetch(self, batches: Sequence[Tensor]) -> None:
        """Nothing to read ahead."""

    def close(self) -> None:
        """Nothing to end."""


def load_instances(
    records: Iterable[Source],
    *,
    size: int,
    device: torch.device,
    where: Literal["auto", "device", "stream"],
) -> Instances:
    """Read, verify and resize the instances of `records`, in this order.

    Every shard is read once, whatever `where`: a damaged one is found before training starts.

    Parameters
    ----------
    size : side of the network's input, px.
    where : ``device`` keeps them there, ``stream`` reads the shards again as rows are asked for,
        ``auto`` streams only what does not fit.

    Raises
    ------
    InputError : a shard is damaged, or an instance holds a NaN or an infinity.
    ResourceError : they do not fit where they shall live.
    """
    sources = list(records)
    counts = [len(record.frames) for _, record in sources]
    ends = np.cumsum(counts).tolist()
    rows = {
        record.id: range(end - count, end)
        for (_, record), count, end in zip(sources, counts, ends, strict=True)
    }
    shape = (ends[-1] if ends else 0, 3, size, size)
    stream = where == "stream" or (where == "auto" and 2 * np.prod(shape) > room(device))
    resident = None if stream else _allocate(shape, device)
    moments = np.empty((shape[0], 2, 2))
    with progress(len(sources), "loading instances") as shown:
        for cache, record in sources:
            instances = _read(cache, record, size)
            clip = slice(rows[record.id].start, rows[record.id].stop)
            moments[clip] = _moments(instances)
            if resident is not None:
                resident[clip] = instances.to(device)
            shown.advance()
    return Instances(
        rows=rows,
        middle={record.id: rows[record.id].start + record.middle for _, record in sources},
        moments=moments,
        store=Stream(sources, size) if resident is None else Resident(resident),
        device=device,
    )


def room(device: torch.device) -> int:
    """Bytes that instances may take: half of what is free, the rest is for the networks [ours]."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0]) // 2
    # of a CPU the whole memory is counted: what is free excludes the file cache
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _allocate(shape: tuple[int, ...], device: torch.device) -> Tensor:
    try:
        return torch.empty(shape, dtype=torch.float16, device=device)
    except (RuntimeError, MemoryError) as error:
        raise ResourceError(
            f"{shape[0]} instances of {shape[-1]} px do not fit into the memory of {device}",
            fix="give --instances stream",
        ) from error


def _read(cache: Cache, record: ClipRecord, size: int) -> Tensor:
    raw = torch.from_numpy(cache.read(record).instances)
    if not torch.isfinite(raw).all():
        raise InputError(
            f"clip {record.id}: an instance holds a NaN or an infinity",
            where=f"{cache.path}, shard {record.shard}",
            fix="remove the shard and run raicl-prep again with the same --out",
        )
    return resize_instances(raw, size)


def _moments(instances: Tensor) -> NDArray[np.float64]:
    """(N, 2, 2): mean and mean square, each of flow (u and v together) and of strain."""
    values = instances.double().square(), instances.double()
    square, mean = (
        torch.stack([value[:, :2].mean((1, 2, 3)), value[:, 2].mean((1, 2))], 1) for value in values
    )
    return torch.stack([mean, square], 1).numpy()
