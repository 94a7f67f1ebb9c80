"""Validation: every clip of a cache is read by another process and compared with its digest."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from raicl.common.cache.flows import Cache, read_index
from raicl.common.cache.index_file import decode_manifest
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.seal import REMAKE, DamagedError
from raicl.common.cache.trial import Trial
from raicl.common.errors import InputError
from raicl.common.parallel import resolve_jobs
from raicl.common.terminal.progress import progress
from raicl.common.terminal.wording import typed

_CLIPS = 32  # take as long as another process takes to start


@dataclass(frozen=True)
class Fault:
    """A clip whose instances cannot be used, and why."""

    id: str
    error: InputError

    @property
    def reason(self) -> str:
        """What is wrong."""
        return self.error.what

    @property
    def where(self) -> str:
        """The file, and the place in it."""
        return self.error.where


@dataclass(frozen=True)
class Survey:
    """What was found in a cache.

    Attributes
    ----------
    faults : the clips that cannot be used.
    damage : of a packed file that does not match its seal: then other processes alone may open it.
    """

    cache: Cache
    faults: list[Fault]
    damage: DamagedError | None = None


def survey(path: Path) -> Survey:
    """Look into every file of a cache, of a packed one also if it does not match its seal.

    Raises
    ------
    InputError : there is no cache, or its manifest cannot be read.
    """
    damage = None
    try:
        cache = read_index(path)
    except DamagedError as error:
        cache, damage = _read_despite(path, error), error
    return Survey(cache, find_faults(cache), damage)


def _read_despite(path: Path, damage: DamagedError) -> Cache:
    """A packed cache that does not match its seal, if its manifest is what it was."""
    with Trial() as trial:
        try:
            content, packed = trial.manifest(path)
        except InputError:
            raise damage from None
    if not packed:  # made again at no cost
        raise damage
    digest = hashlib.sha256(content).hexdigest()
    return Cache(path, decode_manifest(content, path), packed, digest)


def find_faults(cache: Cache) -> list[Fault]:
    """Find every clip whose shard is missing, damaged, or not the one that the index names."""
    jobs = min(resolve_jobs(None), 1 + len(cache.records) // _CLIPS)
    with ExitStack() as stack:
        shown = stack.enter_context(progress(len(cache.records), "clips"))
        idle: SimpleQueue[Trial] = SimpleQueue()
        for _ in range(jobs):
            idle.put(stack.enter_context(Trial()))
        pool = ThreadPoolExecutor(jobs)  # each thread with a process of its own
        stack.callback(pool.shutdown, cancel_futures=True)
        faults = []
        for fault in pool.map(partial(_look, cache, idle), cache.records):
            shown.advance()
            if fault is not None:
                faults.append(fault)
    return faults


def remedy(cache: Cache) -> str:
    """How to mend a cache with faults."""
    if not cache.packed:
        return REMAKE
    return f"pack it again from the original cache, or raicl repair {typed(cache.path)}"


def _look(cache: Cache, idle: SimpleQueue[Trial], record: ClipRecord) -> Fault | None:
    shard = cache.shard_path(record)
    if not cache.packed and not shard.exists():
        return Fault(record.id, DamagedError("its shard is missing", where=str(shard), fix=REMAKE))
    trial = idle.get()
    try:
        cache.look(record, trial)
    except InputError as error:
        return Fault(record.id, error)
    finally:
        idle.put(trial)
    return None
