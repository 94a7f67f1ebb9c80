"""Packing: a cache and its shards in one file."""

from __future__ import annotations

from pathlib import Path

import h5py

from raicl.common.files import replace_atomically
from raicl.common.flows import Cache
from raicl.common.hdf5 import reading
from raicl.common.manifest import load_manifest, oldest_version, store_manifest
from raicl.common.shards import store_shard


def pack(cache: Cache, out: Path) -> None:
    """Write one self-contained file with the manifest and every shard of `cache`."""
    with reading(cache.path, "the index") as source:
        content, _ = load_manifest(source, cache.path)
    with replace_atomically(out) as temporary, h5py.File(temporary, "w") as file:
        store_manifest(file, content, oldest_version(cache.records))
        for record in {record.shard: record for record in cache.records}.values():
            store_shard(file.create_group(f"shards/{record.shard}"), cache.read(record))
