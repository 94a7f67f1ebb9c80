"""The shard of a clip: the one that is there, or a new one made of what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from raicl.common.cache.limits import shard_bytes
from raicl.common.cache.shards import Shard, read_shard, write_shard
from raicl.common.errors import InputError
from raicl.preprocess.fingerprint import Identity, shard_name
from raicl.preprocess.flow.engine import Engine, Floats
from raicl.preprocess.process import process_clip
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.shelf import Shelf

Origin = Literal["computed", "reused", "cached"]


def find_or_make(
    identity: Identity, shelf: Shelf, settings: PrepSettings, flow: Engine, notes: list[str]
) -> tuple[Origin, Shard]:
    """The shard that `identity` names: the existing one if intact, or a new one, which is written.

    A shard whose quality does not say whether its clip is plausible is of an older raicl, which
    took for a face what the detector did, or for motion whatever the flow gave. It is not kept as
    it is: the frames are looked at again, and its instances are used if they would be the same.

    Parameters
    ----------
    notes : list to which errors of existing shards are added.
    """
    older = []
    for variant in identity.variants:
        path = shelf.folder / variant.shard
        if not path.is_file():
            continue
        try:
            there = _read(path, variant, settings)
        except InputError as error:
            # not removed here; the new shard replaces it once complete
            notes.append(f"computed again: {error}")
            continue
        if there.quality is not None and there.quality.is_checked:
            return "cached", there
        older.append(there)
    older += _others(shelf, identity, notes)
    computed = 0

    def counted(onset: Floats, frames: list[Floats], settings: PrepSettings) -> Floats:
        nonlocal computed
        computed += len(frames)
        return flow(onset, frames, settings)

    shard = process_clip(identity, settings, older, flow=counted)
    name = shard_name(shard.base, shard.fingerprint)
    write_shard(shelf.folder / name, shard)
    shelf.add(name)
    return "computed" if computed else "reused", shard


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
    for variant in identity.variants:
        for path in shelf.of_base(variant.base):
            if path.name == variant.shard:
                continue
            try:
                shard = read_shard(path)
            except InputError as error:
                notes.append(f"nothing is reused from a damaged shard: {error}")
                continue
            if shard.base == variant.base:
                shards.append(shard)
            else:
                notes.append(f"nothing is reused from a shard of another clip: {path}")
    return shards
