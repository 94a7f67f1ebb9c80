"""Packing: a cache and its shards in one file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from raicl.common.cache.flows import Cache
from raicl.common.cache.hdf5 import reading
from raicl.common.cache.index_file import load_manifest, oldest_version, store_manifest
from raicl.common.cache.shards import store_shard
from raicl.common.files import replace_atomically

_MARGIN = 1 << 20  # room for the groups of the packed file


def pack(cache: Cache, out: Path) -> None:
    """Write one self-contained file with the manifest and every shard of `cache`.

    Raises
    ------
    ResourceError : the disk has no room for the file, or fails; `out` is unchanged.
    InputError : a shard is damaged, or the folder cannot be written.
    """
    with reading(cache.path, "the index") as source:
        content, _ = load_manifest(source, cache.path)
    with replace_atomically(out) as temporary:
        _find_room(temporary, cache.n_bytes + _MARGIN)
        with _writing(temporary) as file:
            store_manifest(file, content, oldest_version(cache.records, cache.settings))
            for record in {record.shard: record for record in cache.records}.values():
                store_shard(file.create_group(f"shards/{record.shard}"), cache.read(record))


def _find_room(path: Path, n_bytes: int) -> None:
    """Fail now if the disk is too full, not after an hour of copying.

    A packed file may be larger than memory, so `raicl.common.cache.hdf5.replacing` cannot build it.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    with path.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, n_bytes)


class _Patient(io.FileIO):
    """A file that keeps the first error of a write and goes on as if there were none.

    HDF5 crashes the process when a write fails, or says nothing of it.
    """

    error: OSError | None = None

    def write(self, content: Any) -> int:
        """Write all of it, unless a write has failed before."""
        left = memoryview(content).cast("B")
        size = left.nbytes
        while left and self.error is None:
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.error = error
        return size


@contextmanager
def _writing(path: Path) -> Iterator[h5py.File]:
    """Yield a new HDF5 file; an error of the disk is raised when all has been said to be written.

    Raises
    ------
    OSError : a write failed.
    """
    with _Patient(path, "w+") as stream:
        try:
            with h5py.File(stream, "w") as file:
                yield file
        finally:
            if stream.error is not None:
                raise stream.error
