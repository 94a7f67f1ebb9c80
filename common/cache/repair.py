"""Repair: what fails its digest is taken out of a cache. What is whole is never touched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.cache.flows import Cache, shards_folder
from raicl.common.cache.hdf5 import replacing
from raicl.common.cache.holding import hold_output
from raicl.common.cache.index_file import decode_manifest, oldest_version, store_manifest
from raicl.common.cache.limits import shard_bytes
from raicl.common.cache.opening import read_manifest
from raicl.common.cache.packing import find_room
from raicl.common.cache.seal import DamagedError, seal_file
from raicl.common.cache.trial import Trial
from raicl.common.cache.validation import Fault, Survey, find_faults, survey
from raicl.common.errors import InputError
from raicl.common.files import replace_atomically
from raicl.common.terminal.wording import typed

_REBUILD = (
    "run the raicl-prep command that made it again, with the same --out: it builds the index from "
    "the whole shards and computes no flow for them"
)


@dataclass(frozen=True)
class Repair:
    """What was done to a cache.

    Attributes
    ----------
    kept : clips that are in it.
    dropped : clips that were taken out, and why.
    removed : damaged shards that were deleted, also those that no index names.
    rewritten : whether a packed file was written anew.
    again : the command that makes what was taken out.
    """

    kept: int
    dropped: list[Fault]
    removed: list[Path]
    rewritten: bool
    again: str

    @property
    def changed(self) -> bool:
        """Whether any file of the cache is another than before."""
        return bool(self.dropped or self.removed or self.rewritten)


def repair(path: Path) -> Repair:
    """Take out of a cache what is damaged, and remove what killed writers left.

    A clip that is taken out is named among the failures of the index, with the reason.

    Raises
    ------
    HeldError : another process is writing the cache.
    InputError : there is no cache, its index is damaged, or a file cannot be read. Nothing was
        changed.
    """
    if not path.is_file():
        survey(path)  # says what is there instead, and makes no lock
    with hold_output(path, None):
        try:
            found = survey(path)
        except DamagedError as error:
            fix = _REBUILD if shards_folder(path).is_dir() else _pack_again(path)
            raise DamagedError(error.what, where=error.where, fix=fix) from error
        for fault in found.faults:
            if not isinstance(fault.error, DamagedError):
                raise fault.error  # of a newer version, or not readable now
        removed, rewritten = [], found.damage is not None
        if found.cache.packed:
            if found.faults or found.damage:
                _write_packed(found)
        else:
            removed = _damaged_files(found)
            if found.faults:
                _write_index(found)
            for shard in removed:
                shard.unlink()
    kept = len(found.cache.records) - len(found.faults)
    return Repair(kept, found.faults, removed, rewritten, _command(found.cache))


def _pack_again(path: Path) -> str:
    return f"pack it again from the original cache: raicl pack CACHE {typed(path)} --overwrite"


def _command(cache: Cache) -> str:
    """The command that makes the clips of a cache, as far as the cache says it."""
    if cache.packed:
        return f"{_pack_again(cache.path)}, after raicl-prep has made them there"
    parts = cache.manifest.provenance.databases
    if any(part.layout == "imported" for part in parts):
        name = "import"
    else:
        name = parts[0].name if len(parts) == 1 else "DATABASE"
    return f"raicl-prep {name} --out {typed(cache.path)}, with the options of the first time"


def _without(manifest: bytes, faults: Sequence[Fault]) -> bytes:
    """A manifest without some clips, which it names as failures. What else it says stays."""
    values, reasons = json.loads(manifest), {fault.id: fault.reason for fault in faults}
    ids = [record.id for record in decode_manifest(manifest, Path()).records]
    values["records"] = [
        record for clip, record in zip(ids, values["records"], strict=True) if clip not in reasons
    ]
    values["failures"] = [
        *values.get("failures", []),
        *({"id": clip, "reason": f"taken out: {reasons[clip]}"} for clip in ids if clip in reasons),
    ]
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def _write_index(found: Survey) -> None:
    path = found.cache.path
    content = _without(read_manifest(path), found.faults)
    manifest = decode_manifest(content, path)
    with replacing(path) as file:
        store_manifest(file, content, oldest_version(manifest.records, manifest.settings))


def _damaged_files(found: Survey) -> list[Path]:
    """Shards that cannot be read by themselves: of bad clips, or of those that no index names.

    Raises
    ------
    InputError : one cannot be read for another reason; it may be whole.
    """
    bad = {fault.id for fault in found.faults}
    whole = {record.shard for record in found.cache.records if record.id not in bad}
    damaged = []
    with Trial() as trial:
        for path in sorted(shards_folder(found.cache.path).glob("*.h5")):
            if path.name in whole:
                continue
            try:
                trial.shard(path)
            except DamagedError:
                damaged.append(path)
    return damaged


def _write_packed(found: Survey) -> None:
    """Write a packed file anew with its whole clips, and compare each before it takes its place."""
    cache, bad = found.cache, {fault.id for fault in found.faults}
    with Trial() as trial:
        content = _without(trial.manifest(cache.path)[0], found.faults)
        manifest = decode_manifest(content, cache.path)
        kept = [record for record in cache.records if record.id not in bad]
        with replace_atomically(cache.path) as temporary:
            find_room(temporary, cache.path.stat().st_size)
            trial.copy(
                cache.path,
                temporary,
                max((shard_bytes(len(r.frames), cache.size) for r in kept), default=0),
                manifest=content.decode(),
                version=oldest_version(manifest.records, manifest.settings),
                names=list(dict.fromkeys(record.shard for record in kept)),
            )
            seal_file(temporary)
            copied = find_faults(Cache(temporary, manifest, True, ""))
            if copied:
                raise InputError(
                    f"clip {copied[0].id} could not be copied: {copied[0].reason}",
                    where=str(cache.path),
                    fix=_pack_again(cache.path),
                )
