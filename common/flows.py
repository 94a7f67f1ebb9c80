"""The cache contract: an index `flows.h5`, and one content-addressed shard per clip beside it.

The index is a small HDF5 file with a JSON manifest; the shards lie in ``flows.h5.shards/``, or
inside the index when the cache was packed. The README states the format in MUST and MAY.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from raicl.common.errors import InputError
from raicl.common.files import replace_atomically
from raicl.common.hdf5 import REMAKE, plain_array, reading
from raicl.common.record import ClipRecord
from raicl.common.shards import Shard, read_shard, store_shard

FORMAT, VERSION = "raicl-flows", 2
_SHARD_NAME = re.compile(r"[a-f0-9]{24}-[a-f0-9]{24}\.h5")
_MANIFEST_BYTES = 256 << 20  # a manifest of CAS(ME)^3's 860 clips has 1 MB


def shards_folder(index: Path) -> Path:
    """Where the shards of an index lie."""
    return index.with_name(index.name + ".shards")


def write_index(
    path: Path,
    records: Sequence[ClipRecord],
    *,
    size: int,
    settings: Mapping[str, object],
    skipped: Sequence[Mapping[str, str]] = (),
    failures: Sequence[Mapping[str, str]] = (),
    provenance: Mapping[str, object] | None = None,
) -> None:
    """Commit the index atomically, after every shard it names.

    Parameters
    ----------
    records : in the order of (dataset, subject, clip) that every reader will see.
    size : side S of the instances, px.
    settings : what made the instances; two caches with equal settings are comparable.
    skipped, failures : rows ``{"id", "reason"}``; what is missing and why travels with the file.
    """
    manifest = {
        "records": [record.to_json() for record in records],
        "size": size,
        "settings": dict(settings),
        "skipped": [dict(row) for row in skipped],
        "failures": [dict(row) for row in failures],
        "provenance": dict(provenance or {}),
    }
    content = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    with replace_atomically(path) as temporary, h5py.File(temporary, "w") as file:
        _store_manifest(file, content, _version(records))


def _version(records: Sequence[ClipRecord]) -> int:
    """The oldest version that says it all: one of version 1 would train on the untrained rows."""
    return VERSION if any(record.untrained for record in records) else 1


def _store_manifest(file: h5py.File, content: bytes, version: int) -> None:
    file.attrs["format"] = FORMAT
    file.attrs["version"] = version
    file.attrs["digest"] = hashlib.sha256(content).hexdigest()
    # a dataset, not an attribute: attributes above 64 KiB are refused by older HDF5 formats
    file.create_dataset("manifest", data=np.frombuffer(content, np.uint8), fletcher32=True)


class Cache:
    """An opened cache: the manifest in memory, shards read on demand.

    Holds no file handle, so it can be sent to another process.
    """

    def __init__(self, path: Path, manifest: dict[str, Any], packed: bool, digest: str) -> None:
        self.path = path
        self.packed = packed
        self.manifest_digest = digest
        self.records = tuple(ClipRecord.from_json(row) for row in manifest["records"])
        self.size: int = manifest["size"]
        self.settings: dict[str, Any] = manifest["settings"]
        self.skipped: list[dict[str, str]] = manifest["skipped"]
        self.failures: list[dict[str, str]] = manifest["failures"]
        self.provenance: dict[str, Any] = manifest["provenance"]

    @property
    def digest(self) -> str:
        """Digest of all its instances, packed or not."""
        return digest_instances(self.records)

    def shard_path(self, record: ClipRecord) -> Path:
        """File of a clip's shard, for a cache that is not packed."""
        return shards_folder(self.path) / record.shard

    def read(self, record: ClipRecord) -> Shard:
        """Read and verify the instances of one clip.

        Raises
        ------
        InputError : the shard is missing, damaged, or not the one the index names.
        """
        path = self.path if self.packed else self.shard_path(record)
        group = f"shards/{record.shard}" if self.packed else "/"
        shard = read_shard(path, group, digest=record.digest)
        if shard.frames.tolist() != list(record.frames) or shard.size != self.size:
            raise InputError(
                f"{record.id}: the shard holds other frames or another size than the index says",
                where=f"{path}:{group}",
                fix=REMAKE,
            )
        return shard


def digest_instances(records: Iterable[ClipRecord]) -> str:
    """SHA-256 over ids, digests and untrained rows: equal for equal training, one cache or more."""
    lines = sorted(
        f"{record.id} {record.digest}{''.join(f' {row}' for row in record.untrained)}\n"
        for record in records
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def open_cache(path: Path) -> Cache:
    """Open a cache and check its format, its manifest and that every shard is there.

    Raises
    ------
    InputError : not a cache, damaged, of a newer version, or a shard is missing.
    """
    if not path.is_file():
        raise InputError(
            "no such cache" if not path.exists() else "a folder, not a cache",
            where=str(path),
            fix="make one with: raicl-prep casme2 --out flows.h5",
        )
    with reading(path, "the index") as file:
        content, packed = _load_manifest(file, path)
    try:
        cache = Cache(path, json.loads(content), packed, hashlib.sha256(content).hexdigest())
    except (ValueError, KeyError, TypeError, AssertionError, AttributeError) as error:
        raise InputError(
            f"the manifest does not say what it should: {error}",
            where=f"{path}:/manifest",
            fix=REMAKE,
        ) from error
    for record in cache.records:
        if not _SHARD_NAME.fullmatch(record.shard):
            raise InputError(f"{record.id}: unsafe shard name {record.shard!r}", where=str(path))
        if not packed and not cache.shard_path(record).is_file():
            raise InputError(
                f"{record.id}: its shard is missing",
                where=str(cache.shard_path(record)),
                fix="copy the whole .shards folder beside it, or run raicl-prep again",
            )
    return cache


def _load_manifest(file: h5py.File, path: Path) -> tuple[bytes, bool]:
    found = file.attrs.get("format")
    if not isinstance(found, str) or found != FORMAT:
        raise InputError(
            f"an HDF5 file of another kind (format is {found!r}, not {FORMAT!r})",
            where=str(path),
            fix="give a file written by raicl-prep",
        )
    version = int(file.attrs.get("version", 0))
    if version > VERSION:
        raise InputError(
            f"written in format version {version}, this program reads up to {VERSION}",
            where=str(path),
            fix="upgrade raicl",
        )
    array = plain_array(
        file, "manifest", np.uint8, 1, limit=_MANIFEST_BYTES, where=f"{path}:/manifest"
    )
    content = array.tobytes()
    if hashlib.sha256(content).hexdigest() != file.attrs.get("digest"):
        raise InputError("the manifest is damaged", where=f"{path}:/manifest", fix=REMAKE)
    return content, isinstance(file.get("shards", getlink=True), h5py.HardLink)


def pack(cache: Cache, out: Path) -> None:
    """Write one self-contained file with the manifest and every shard of `cache`."""
    with reading(cache.path, "the index") as source:
        content, _ = _load_manifest(source, cache.path)
    with replace_atomically(out) as temporary, h5py.File(temporary, "w") as file:
        _store_manifest(file, content, _version(cache.records))
        for record in {record.shard: record for record in cache.records}.values():
            store_shard(file.create_group(f"shards/{record.shard}"), cache.read(record))
