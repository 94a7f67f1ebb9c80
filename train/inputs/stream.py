"""Stream: instances read from their shards on demand, by one thread ahead of the training."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import accumulate

import h5py
import torch
from torch import Tensor

from raicl.common.cache.flows import Cache, StoredClip
from raicl.common.cache.record import ClipRecord
from raicl.common.errors import InputError
from raicl.train.inputs.geometry import resize_instances

_AHEAD = 4  # batches read in advance: two steps, each with an online and a target batch


class Stream:
    """Rows on disk, for instances that do not fit into memory.

    Parameters
    ----------
    sources : clips in the order of their rows. Their shards are verified already, and HDF5 checks
        its checksum again for every instance read.
    size : side that the instances are resized to, px.
    """

    def __init__(self, sources: Sequence[StoredClip], size: int) -> None:
        self._sources, self._size = sources, size
        self._used = [record.used_rows for _, record in sources]
        self._starts = list(accumulate(map(len, self._used), initial=0))
        self._pool = ThreadPoolExecutor(1, "instances")
        self._planned: Iterator[Tensor] = iter(())
        self._ahead: deque[tuple[Tensor, Future[Tensor]]] = deque()

    def take(self, rows: Tensor) -> Tensor:
        """float16 (B, 3, S, S). Uses what was read ahead if `rows` are the next announced."""
        if self._ahead and torch.equal(self._ahead[0][0], rows):
            _, future = self._ahead.popleft()
            self._read_ahead()
            return future.result()
        return self._read(rows)

    def prefetch(self, batches: Sequence[Tensor]) -> Sequence[Tensor]:
        """Start to read these rows, and drop what was announced before. They stay on the CPU."""
        for _, future in self._ahead:
            future.cancel()
        self._ahead.clear()
        self._planned = iter(batches)
        self._read_ahead()
        return batches

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(cancel_futures=True)

    def _read_ahead(self) -> None:
        while len(self._ahead) < _AHEAD and (rows := next(self._planned, None)) is not None:
            self._ahead.append((rows, self._pool.submit(self._read, rows)))

    def _read(self, rows: Tensor) -> Tensor:
        wanted: dict[int, list[tuple[int, int]]] = {}  # by clip: position in the batch, instance
        for position, row in enumerate(rows.tolist()):
            clip = bisect_right(self._starts, row) - 1
            used = self._used[clip]
            wanted.setdefault(clip, []).append((position, used[row - self._starts[clip]]))
        pin = torch.cuda.is_available()  # lets the GPU copy run beside the next read
        batch = torch.empty(
            (len(rows), 3, self._size, self._size), dtype=torch.float16, pin_memory=pin
        )
        for clip, places in wanted.items():
            positions, instances = zip(*places, strict=True)
            raw = _read_rows(*self._sources[clip], instances)
            batch[list(positions)] = resize_instances(raw, self._size)
        return batch


def _read_rows(cache: Cache, record: ClipRecord, instances: Sequence[int]) -> Tensor:
    """float16 (len(instances), 3, S, S). A chunk holds one instance, so nothing else is read."""
    path = cache.path if cache.packed else cache.shard_path(record)
    name = f"shards/{record.shard}/instances" if cache.packed else "instances"
    try:
        with h5py.File(path, "r") as file:
            dataset = file[name]
            return torch.stack([torch.from_numpy(dataset[index]) for index in instances])
    except (OSError, KeyError) as error:
        raise InputError(
            f"clip {record.id}: its shard can no longer be read",
            where=f"{path}:{name}",
            fix="run raicl-prep again with the same --out",
        ) from error
