"""Older: shards without a seal, of a raicl that wrote none, are given one."""

from __future__ import annotations

from pathlib import Path

from raicl.common.cache.seal import is_unsealed
from raicl.common.cache.shards import read_shard, write_shard
from raicl.common.cache.trial import Trial
from raicl.common.errors import InputError


def seal_shards(folder: Path) -> int:
    """Seal every whole shard of a folder that has no seal; how many these were.

    Each is read by another process first and replaced atomically by what a writer of today gives.
    The damaged ones stay as they are, and their readers say so. Several processes may do it at a
    time.

    Raises
    ------
    HeldError : another program has a shard open for writing.
    ResourceError : the disk is full.
    """
    sealed = 0
    with Trial() as trial:
        for path in filter(is_unsealed, sorted(folder.glob("*.h5"))):
            try:
                _, known = trial.shard(path)
                shard = read_shard(path, known=known)
            except InputError:
                continue  # whoever needs this shard says what is wrong with it
            write_shard(path, shard)
            sealed += 1
    return sealed
