"""The shard of a clip: the one that is there, or a new one made of what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from raicl.common.cache.limits import shard_bytes
from raicl.common.cache.shards import Shard, read_shard, write_shard
from raicl.common.errors import InputError
from raicl.preprocess.fingerprint import Identity
from raicl.preprocess.flow.engine import Engine
from raicl.preprocess.process import instances_of, process_clip
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.shelf import Shelf

Origin = Literal["computed", "reused", "cached"]


def find_or_make(
    identity: Identity, shelf: Shelf, settings: PrepSettings, flow: Engine, notes: list[str]
) -> tuple[Origin, Shard]:
    """The shard that `identity` names: the existing one if intact, or a new one, which is written.

    A shard without a quality is of an older raicl, which took for a face what the detector did. It
    is not kept as it is: the face is located again, and its instances are used if they are of the
    same place.

    Parameters
    ----------
    notes : list to which errors of existing shards are added.
    """
    path = shelf.folder / identity.shard
    older = []
    if path.is_file():
        try:
            there = _read(path, identity, settings)
        except InputError as error:
            # not removed here; the new shard replaces it once complete
            notes.append(f"computed again: {error}")
        else:
            if there.quality is not None:
                return "cached", there
            older.append(there)  # its face was never checked
    older += _others(shelf, identity, notes)
    shard = process_clip(identity, settings, older, flow=flow)
    write_shard(path, shard)
    shelf.add(path.name)
    assert shard.transform is not None, "a face was located"
    known = instances_of(older, shard.transform)
    reused = all(frame.digest in known for frame in identity.frames)
    return "reused" if reused else "computed", shard


def _read(path: Path, identity: Identity, settings: PrepSettings) -> Shard:
    """Read the shard of a clip, which another file may have taken the name of.

    Raises
    ------
    InputError : it is damaged, or made of something else than its name says.
    """
    shard = read_shard(path, limit=shard_bytes(len(identity.frames), settings.size))
    if (shard.base, shard.fingerprint) != (identity.base, identity.fingerprint):
        raise InputError("the shard is of another clip than its name says", where=str(path))
    return shard


def _others(shelf: Shelf, identity: Identity, notes: list[str]) -> list[Shard]:
    """Intact shards with the same base (clip, settings, versions), but other frames."""
    shards = []
    for path in shelf.of_base(identity.base):
        if path.name == identity.shard:
            continue
        try:
            shard = read_shard(path)
        except InputError as error:
            notes.append(f"nothing is reused from a damaged shard: {error}")
            continue
        if shard.base == identity.base:
            shards.append(shard)
        else:
            notes.append(f"nothing is reused from a shard of another clip: {path}")
    return shards
