"""Instances of one or several caches as rows, on the device as float16 or streamed from a file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raicl.common.cache.flows import Cache, StoredClip, not_finite
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard
from raicl.common.memory import all_memory
from raicl.common.terminal.progress import progress
from raicl.train.inputs.geometry import resize_instances
from raicl.train.inputs.resident import Resident
from raicl.train.inputs.stream import Stream

_AT_A_TIME = 16  # instances; as float32 or float64 they take two or four times their memory


class Store(Protocol):
    """Where the rows are kept."""

    def put(self, rows: slice, instances: Tensor) -> None:
        """Fill in rows, float16 (B, 3, S, S)."""

    def take(self, rows: Tensor) -> Tensor:
        """The rows as float16 (B, 3, S, S). The next call may overwrite them."""

    def prefetch(self, batches: Sequence[Tensor]) -> Sequence[Tensor]:
        """Announce the rows that `take` will be asked for next, in this order.

        Returns
        -------
        The same rows where `take` looks them up without waiting.
        """

    def close(self) -> None:
        """End what it has begun: threads, or the handing over of its memory."""


class Instances:
    """The instances that a run needs, one row each.

    Pickled, they are a handle: what holds the rows is not copied, but shared or opened again.

    Attributes
    ----------
    rows : rows of each clip that are trained on, by clip id.
    middle : row of each clip that inference uses, by clip id. It may come after the clip's `rows`.
    moments : mean and mean square of flow and of strain over the instances of a clip that the scale
        is fitted on, by clip id, float64 (2, 2).
    strength : mean length of the flow per row, px of the network's input, float64 (N,).
    motion : the same before resizing, px of the cache's crop, float64 (N,). NaN where nobody knows
        the unit of the flow.
    """

    def __init__(
        self,
        *,
        rows: dict[str, range],
        middle: dict[str, int],
        moments: dict[str, NDArray[np.float64]],
        strength: NDArray[np.float64],
        motion: NDArray[np.float64],
        store: Store,
        device: torch.device,
    ) -> None:
        self.rows, self.middle = rows, middle
        self.moments, self.strength, self.motion = moments, strength, motion
        self._store, self._device = store, device

    def gather(self, rows: Tensor) -> Tensor:
        """Raw instances of int64 rows (B,), as float32 (B, 3, S, S) on the device."""
        taken = self._store.take(rows).to(self._device, non_blocking=True)
        return taken.to(torch.float32, memory_format=torch.channels_last)

    def prefetch(self, batches: Sequence[Tensor]) -> Sequence[Tensor]:
        """Announce the rows that `gather` will be asked for, so that a stream reads ahead.

        Returns
        -------
        The same rows, to be given to `gather`: it then waits for no copy to the device.
        """
        return self._store.prefetch(batches)

    def close(self) -> None:
        """End what the store has begun."""
        self._store.close()


def load_instances(
    records: Iterable[StoredClip],
    *,
    size: int,
    device: torch.device,
    where: Literal["auto", "device", "stream"],
    processes: int = 1,
    shared: bool = False,
    budget: int | None = None,
    scratch: Path | None = None,
    fitted: Mapping[str, Sequence[int]] | None = None,
) -> Instances:
    """Read, verify and resize the instances of `records`, in this order.

    Every shard is read once, whatever `where` is, so a damaged one is found before training starts.
    The rows are the same too.

    Parameters
    ----------
    size : side of the network's input, px.
    where : ``device`` keeps the instances on the device. ``stream`` reads them from a file when
        they are asked for. ``auto`` streams if they do not fit.
    processes : number of processes on this machine that each hold the instances.
    shared : keep them where other processes can take them from, see `can_share`.
    budget : bytes that all these processes may use together; `room` by default.
    scratch : folder on whose disk the file of a stream is. None for that of temporary files.
    fitted : by clip id, the rows in its cache that the scale is fitted on. The others' are those
        that are trained on.

    Raises
    ------
    InputError : a shard is damaged, or an instance holds a NaN or an infinity.
    ResourceError : the instances do not fit into the memory of the device, or the disk is full.
    """
    sources = list(records)
    starts = list(accumulate((len(record.used_rows) for _, record in sources), initial=0))
    shape = (starts[-1], 3, size, size)
    budget = (room(device) if budget is None else budget) // processes
    stream = where == "stream" or (where == "auto" and 2 * math.prod(shape) > budget)
    store: Stream | Resident
    if stream:
        store = Stream.empty(shape, scratch, budget)
    else:
        store = Resident.empty(shape, device, shared=shared)
    moments: dict[str, NDArray[np.float64]] = {}
    strength, motion = np.empty(shape[0]), np.empty(shape[0])
    with progress(len(sources), "loading instances") as shown:
        for (cache, record), start, end in zip(sources, starts[:-1], starts[1:], strict=True):
            whole = torch.from_numpy(read_clip(cache, record).instances)
            raw, clip = whole[list(record.used_rows)], slice(start, end)
            instances = _resize(raw, size)
            strength[clip] = mean_length(instances)
            motion[clip] = mean_length(raw) if cache.measure.unit else np.nan
            trained = instances[: len(record.train_rows)]
            rows = None if fitted is None else fitted.get(record.id)
            scaled = trained if rows is None else _resize(whole[list(rows)], size)
            moments[record.id] = _moments(scaled).mean(0)
            store.put(clip, instances)
            shown.advance()
    return Instances(
        rows={
            record.id: range(start, start + len(record.train_rows))
            for (_, record), start in zip(sources, starts[:-1], strict=True)
        },
        middle={
            record.id: start + record.used_rows.index(record.middle)
            for (_, record), start in zip(sources, starts[:-1], strict=True)
        },
        moments=moments,
        strength=strength,
        motion=motion,
        store=store,
        device=device,
    )


def hold_instances(
    clips: Mapping[str, Tensor], middle: Mapping[str, int], *, size: int, device: torch.device
) -> Instances:
    """Instances that are in memory already, made ready as those of a cache are.

    They can be classified and looked at. No scale can be fitted on them.

    Parameters
    ----------
    clips : raw instances by clip id, float16 (N, 3, S, S), as a cache holds them.
    middle : row of each clip that inference uses, 0 … N-1, by clip id.
    size : side of the network's input, px.
    """
    ready = [_resize(raw, size) for raw in clips.values()]
    starts = dict(zip(clips, accumulate(map(len, ready), initial=0), strict=False))
    return Instances(
        rows={clip: range(starts[clip], starts[clip] + len(raw)) for clip, raw in clips.items()},
        middle={clip: starts[clip] + middle[clip] for clip in clips},
        moments={},
        strength=np.concatenate([mean_length(instances) for instances in ready]),
        motion=np.concatenate([mean_length(raw) for raw in clips.values()]),
        store=Resident(torch.cat(ready).to(device)),
        device=device,
    )


def room(device: torch.device) -> int:
    """Bytes that instances may take: half of the free memory, to leave room for networks [ours]."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0]) // 2
    # for a CPU count all memory, because free memory excludes the file cache
    return all_memory() // 2


def read_clip(cache: Cache, record: ClipRecord) -> Shard:
    """What the cache holds of a clip, verified.

    Raises
    ------
    InputError : its shard is damaged, or an instance holds a NaN or an infinity.
    """
    shard = cache.read(record)
    if not np.isfinite(shard.instances).all():
        raise not_finite(cache, record)
    return shard


def _resize(raw: Tensor, size: int) -> Tensor:
    """`resize_instances`, some at a time: in float32 all frames of a long clip take much memory."""
    return torch.cat([resize_instances(part, size) for part in torch.split(raw, _AT_A_TIME)])


def _moments(instances: Tensor) -> NDArray[np.float64]:
    """(N, 2, 2): mean and mean square, each of flow (u and v together) and of strain."""
    return np.concatenate(
        [_moments_of(part.double()) for part in torch.split(instances, _AT_A_TIME)]
    )


def _moments_of(instances: Tensor) -> NDArray[np.float64]:
    square, mean = (
        torch.stack([value[:, :2].mean((1, 2, 3)), value[:, 2].mean((1, 2))], 1)
        for value in (instances.square(), instances)
    )
    return torch.stack([mean, square], 1).numpy()


def mean_length(instances: Tensor) -> NDArray[np.float64]:
    """(N,): length of (u, v), averaged over the pixels."""
    flows = (part[:, :2].double() for part in torch.split(instances, _AT_A_TIME))
    # ten times as fast as a norm over an axis of two
    return torch.cat([torch.hypot(uv[:, 0], uv[:, 1]).mean((1, 2)) for uv in flows]).numpy()
