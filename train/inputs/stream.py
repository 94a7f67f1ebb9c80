"""Stream: instances that do not fit into memory, read from a file by one thread ahead of use.

The shards are read once, verified and resized like instances that stay in memory. Read again for
every pair, opening, checksums and resizing would take several times as long as training does.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from raicl.common.errors import InputError
from raicl.common.files import writing
from raicl.train.inputs.unnamed import Unnamed

_AHEAD = 4  # batches read in advance: two steps, each with an online and a target batch


class Stream:
    """Rows in a file without a name, any of which can be read as fast as any other.

    A pickled one opens the file of the process that has pickled it, which must outlive it.

    Parameters
    ----------
    file : rows of float16 (3, S, S), one after another.
    shape : (N, 3, S, S).
    budget : bytes for the batches that are read ahead. One is, whatever its size.
    """

    def __init__(self, file: Unnamed, shape: tuple[int, ...], budget: int) -> None:
        self._file, self._shape, self._budget = file, shape, budget
        self._row_bytes = 2 * math.prod(shape[1:])
        self._pool = ThreadPoolExecutor(1, "instances")
        self._planned: Iterator[Tensor] = iter(())
        self._ahead: deque[tuple[Tensor, Future[Tensor]]] = deque()
        self._most = 0  # batches that are read ahead

    @classmethod
    def empty(cls, shape: tuple[int, ...], folder: Path | None, budget: int) -> Stream:
        """Rows to be filled in by `put`, on the disk of a folder. None for that of temporary files.

        Raises
        ------
        InputError : nothing can be written there.
        """
        with writing(folder or Path("the folder of temporary files")):
            return cls(Unnamed.on_disk(folder), shape, budget)

    def put(self, rows: slice, instances: Tensor) -> None:
        """Fill in some rows.

        Raises
        ------
        ResourceError : the disk is full.
        """
        left = instances.contiguous().view(torch.uint8).numpy().data.cast("B")
        place = rows.start * self._row_bytes
        with writing(Path("the file that instances are streamed from, in the run folder")):
            while left:
                written = os.pwrite(self._file.descriptor, left, place)
                left, place = left[written:], place + written

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
        largest = self._row_bytes * max(map(len, batches), default=1)
        self._most = min(max(self._budget // largest, 1), _AHEAD)
        self._read_ahead()
        return batches

    def close(self) -> None:
        """End the thread, and close the file."""
        self._pool.shutdown(cancel_futures=True)
        self._file.close()

    def __reduce__(self) -> tuple[object, ...]:
        return _open, (self._file.path, self._shape, self._budget)

    def _read_ahead(self) -> None:
        while len(self._ahead) < self._most and (rows := next(self._planned, None)) is not None:
            self._ahead.append((rows, self._pool.submit(self._read, rows)))

    def _read(self, rows: Tensor) -> Tensor:
        pin = torch.cuda.is_available()  # lets the GPU copy run beside the next read
        batch = torch.empty((len(rows), *self._shape[1:]), dtype=torch.float16, pin_memory=pin)
        memory = batch.view(torch.uint8).numpy().data
        for place, row in enumerate(rows.tolist()):
            wanted = memory[place : place + 1].cast("B")
            if os.preadv(self._file.descriptor, [wanted], row * self._row_bytes) < len(wanted):
                raise InputError(
                    "the file that instances are streamed from is shorter than it was",
                    fix="check the disk of the run folder, and run the same command again",
                )
        return batch


def _open(path: str, shape: tuple[int, ...], budget: int) -> Stream:
    return Stream(Unnamed(os.open(path, os.O_RDONLY)), shape, budget)
