"""Validation: read every clip of a cache and compare it with its digest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from raicl.common.cache.flows import Cache
from raicl.common.cache.hdf5 import REMAKE
from raicl.common.cache.record import ClipRecord
from raicl.common.errors import InputError
from raicl.common.parallel import resolve_jobs
from raicl.common.terminal.progress import progress


@dataclass(frozen=True)
class Fault:
    """A clip whose instances cannot be used, and why."""

    id: str
    reason: str
    where: str


def find_faults(cache: Cache) -> list[Fault]:
    """Find every clip whose shard is missing, damaged, or not the one that the index names."""
    with (
        ThreadPoolExecutor(resolve_jobs(None)) as pool,  # reading and hashing release the GIL
        progress(len(cache.records), "clips") as shown,
    ):
        faults = []
        for fault in pool.map(partial(_check, cache), cache.records):
            shown.advance()
            if fault is not None:
                faults.append(fault)
    return faults


def remedy(cache: Cache) -> str:
    """How to repair a cache with faults."""
    return f"pack it again from the original cache, or {REMAKE}" if cache.packed else REMAKE


def _check(cache: Cache, record: ClipRecord) -> Fault | None:
    shard = cache.shard_path(record)
    if not cache.packed and not shard.exists():
        return Fault(record.id, "its shard is missing", str(shard))
    try:
        cache.read(record)
    except InputError as error:
        return Fault(record.id, error.what, error.where)
    return None
