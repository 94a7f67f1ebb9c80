"""Packing: a cache and its shards in one file."""

from __future__ import annotations

import os
from pathlib import Path

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
    ResourceError : the disk has no room for the file; nothing is written.
    InputError : a shard is damaged, or the folder cannot be written.
    """
    with reading(cache.path, "the index") as source:
        content, _ = load_manifest(source, cache.path)
    with replace_atomically(out) as temporary:
        _find_room(temporary, cache.n_bytes + _MARGIN)
        with h5py.File(temporary, "w") as file:
            store_manifest(file, content, oldest_version(cache.records, cache.settings))
            for record in {record.shard: record for record in cache.records}.values():
                store_shard(file.create_group(f"shards/{record.shard}"), cache.read(record))


def _find_room(path: Path, n_bytes: int) -> None:
    """Fail now if the disk is too full, because HDF5 would crash the process later.

    A packed file may be larger than memory, so `raicl.common.cache.hdf5.replacing` cannot build it.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    with path.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, n_bytes)
