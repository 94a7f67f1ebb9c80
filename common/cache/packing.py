"""Packing: a cache and its shards in one file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import h5py

from raicl.common.cache.flows import Cache, read_manifest
from raicl.common.cache.index_file import oldest_version, store_manifest
from raicl.common.cache.seal import BLOCK, seal_file
from raicl.common.cache.shards import Shard, store_shard
from raicl.common.files import replace_atomically

_MARGIN = 1 << 20  # room for the groups of the packed file


def pack(cache: Cache, out: Path) -> None:
    """Write one self-contained file with the manifest and every shard of `cache`.

    Raises
    ------
    ResourceError : the disk has no room for the file; nothing is written.
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
    with h5py.File(path, "w", userblock_size=BLOCK) as file:
        store_manifest(file, manifest, version)
        for name, shard in shards:
            store_shard(file.create_group(f"shards/{name}"), shard)


def find_room(path: Path, n_bytes: int) -> None:
    """Fail now if the disk is too full for so many bytes, as HDF5 would crash the process later.

    A packed file may be larger than memory, so `raicl.common.cache.hdf5.replacing` cannot build it.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS
        return
    with path.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, n_bytes + _MARGIN)
