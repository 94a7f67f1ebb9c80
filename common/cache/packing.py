"""Packing: a cache and its shards in one file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from raicl.common.cache.flows import Cache
from raicl.common.cache.index_file import oldest_version, store_manifest
from raicl.common.cache.opening import read_manifest
from raicl.common.cache.seal import BLOCK, seal_file
from raicl.common.cache.shards import Shard, store_shard
from raicl.common.files import replace_atomically

_MARGIN = 1 << 20  # room for the groups of the packed file


def pack(cache: Cache, out: Path) -> None:
    """Write one self-contained file with the manifest and every shard of `cache`.

    Raises
    ------
    ResourceError : the disk has no room for the file, or fails; `out` is unchanged.
    InputError : a shard is damaged, or the folder cannot be written.
    """
    content, version = read_manifest(cache.path), oldest_version(cache.records, cache.settings)
    shards = {record.shard: record for record in cache.records}
    with replace_atomically(out) as temporary:
        find_room(temporary, cache.n_bytes)
        held = ((name, cache.read(record)) for name, record in shards.items())
        write_packed(temporary, content, version, held)
        seal_file(temporary)


def write_packed(
    path: Path, manifest: bytes, version: int, shards: Iterable[tuple[str, Shard]]
) -> None:
    """Write a packed file with an empty seal.

    Parameters
    ----------
    manifest, version : of the index.
    shards : each with its name.
    """
    with _writing(path) as file:
        store_manifest(file, manifest, version)
        for name, shard in shards:
            store_shard(file.create_group(f"shards/{name}"), shard)


def find_room(path: Path, n_bytes: int) -> None:
    """Fail now if the disk is too full for so many bytes, not after an hour of copying.

    A packed file may be larger than memory, so `raicl.common.cache.hdf5.replacing` cannot build it.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    with path.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, n_bytes + _MARGIN)


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
    """Yield a new HDF5 file with an empty seal; an error of the disk is raised at the end.

    Raises
    ------
    OSError : a write failed.
    """
    with _Patient(path, "w+") as stream:
        try:
            with h5py.File(stream, "w", userblock_size=BLOCK) as file:
                yield file
        finally:
            if stream.error is not None:
                raise stream.error
