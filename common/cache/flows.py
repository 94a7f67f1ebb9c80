"""The cache contract: an index `flows.h5`, and one content-addressed shard per clip beside it.

The index is a small HDF5 file with a JSON manifest. The shards are in ``flows.h5.shards/``, or
inside the index if the cache was packed. docs/reference/cache.md specifies the format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from raicl.common.cache.hdf5 import replacing
from raicl.common.cache.index_file import decode_manifest, oldest_version, store_manifest
from raicl.common.cache.manifest import Manifest, Provenance, Reason
from raicl.common.cache.measure import Measure
from raicl.common.cache.opening import open_safely
from raicl.common.cache.reader import Reader
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.seal import Stamp, is_unsealed
from raicl.common.cache.shards import Shard
from raicl.common.cache.trial import Trial
from raicl.common.errors import InputError
from raicl.common.files import followed
from raicl.common.settings import SettingValue
from raicl.common.terminal.wording import clips_of_subjects


def shards_folder(index: Path) -> Path:
    """The folder with the shards of an index, beside the file that a symbolic link leads to."""
    index = followed(index)
    return index.with_name(index.name + ".shards")


def lock_of(index: Path) -> Path:
    """The lock of an index, beside the file that a symbolic link leads to."""
    index = followed(index)
    return index.with_name(index.name + ".lock")


def write_index(
    path: Path,
    records: Sequence[ClipRecord],
    *,
    size: int,
    settings: Mapping[str, SettingValue],
    skipped: Sequence[Reason] = (),
    failures: Sequence[Reason] = (),
    provenance: Provenance = Provenance(),  # noqa: B008 (frozen)
) -> None:
    """Commit the index atomically, after every shard it names; see `Manifest` for the values."""
    manifest = Manifest(
        records=tuple(records),
        size=size,
        settings=dict(settings),
        skipped=tuple(skipped),
        failures=tuple(failures),
        provenance=provenance,
    )
    with replacing(path) as file:
        store_manifest(file, manifest.encode(), oldest_version(records, settings))


class Cache:
    """An opened cache: the manifest in memory, shards read on demand.

    Holds no file handle, so it can be sent to another process. As a context manager it is itself:
    there is nothing to close.
    """

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        packed: bool,
        digest: str,
        known: Iterable[Stamp | str] = (),
    ) -> None:
        self.path = path
        self.packed = packed
        self.manifest = manifest
        self.manifest_digest = digest
        folder = None if packed else shards_folder(path)
        self._reader = Reader(path, folder, manifest, set(known))

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def __repr__(self) -> str:
        subjects = len({record.subject_key for record in self.records})
        databases = ", ".join(sorted({record.clip.dataset for record in self.records}))
        whole = clips_of_subjects(len(self.records), subjects)
        return f"Cache({str(self.path)!r}: {whole}, {databases}, {self.size} px)"

    @property
    def records(self) -> tuple[ClipRecord, ...]:
        """Its clips, in their order."""
        return self.manifest.records

    @property
    def size(self) -> int:
        """Side S of the instances, px."""
        return self.manifest.size

    @property
    def settings(self) -> dict[str, SettingValue]:
        """What made the instances."""
        return self.manifest.settings

    @property
    def measure(self) -> Measure:
        """What the numbers of its flow mean."""
        return Measure.of(self.settings)

    @property
    def digest(self) -> str:
        """Digest of all instances; packing does not change it."""
        return digest_instances(self.records)

    @property
    def n_bytes(self) -> int:
        """Size on disk of the index and of the shards it names."""
        shards = set() if self.packed else {self.shard_path(record) for record in self.records}
        return sum(path.stat().st_size for path in (self.path, *shards))

    def at(self, path: Path) -> Cache:
        """The same cache by another path."""
        return Cache(path, self.manifest, self.packed, self.manifest_digest, self._reader.known)

    def shard_path(self, record: ClipRecord) -> Path:
        """File of a clip's shard, for a cache that is not packed."""
        return shards_folder(self.path) / record.shard

    def read(self, record: ClipRecord) -> Shard:
        """Read and verify the instances of one clip.

        Raises
        ------
        HeldError : another program has the file open for writing.
        InputError : the shard is missing, damaged, or not the one the index names.
        """
        return self._reader.read(record)

    def look(self, record: ClipRecord, trial: Trial) -> None:
        """Have another process read and verify the instances of one clip.

        Raises
        ------
        HeldError, InputError : see `read`; InputError also if the process did not survive it.
        """
        self._reader.look(record, trial)


def not_finite(cache: Cache, record: ClipRecord) -> InputError:
    """The error of a reader that finds a NaN or an infinity in a clip, which no digest tells."""
    return InputError(
        f"clip {record.id}: an instance holds a NaN or an infinity",
        where=f"{cache.path}, shard {record.shard}",
        fix="remove the shard and run raicl-prep again with the same --out",
    )


def no_clips(cache: Cache) -> InputError:
    """The error of a command that needs clips."""
    fix = "see with raicl inspect why they were skipped or failed"
    return InputError("the cache has no clips", where=str(cache.path), fix=fix)


class StoredClip(NamedTuple):
    """A clip, and the cache that holds its shard."""

    cache: Cache
    record: ClipRecord


def digest_instances(records: Iterable[ClipRecord]) -> str:
    """SHA-256 over ids, digests and untrained rows.

    Equal training data has an equal digest, whether it is in one cache or in several.
    """
    lines = sorted(
        f"{record.id} {record.digest}{''.join(f' {row}' for row in record.untrained)}\n"
        for record in records
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def open_cache(path: Path) -> Cache:
    """Open a cache and check its format, its manifest and that every shard exists.

    Raises
    ------
    InputError : the file is no cache, is damaged or has a newer version, or a shard is missing.
    """
    cache = read_index(path)
    if cache.packed:
        return cache
    missing = [record for record in cache.records if not cache.shard_path(record).is_file()]
    if missing:
        raise InputError(
            f"{missing[0].id}: its shard is missing"
            + (f", and {len(missing) - 1} others" if len(missing) > 1 else ""),
            where=str(cache.shard_path(missing[0])),
            fix="copy the whole .shards folder beside it, or run raicl-prep again",
        )
    return cache


def read_index(path: Path) -> Cache:
    """Open a cache whose shards may be missing, for `raicl validate`.

    Raises
    ------
    InputError : the file is no cache, is damaged or has a newer version, or a shard's name could
        point outside the shards' folder.
    """
    if not path.is_file():
        raise InputError(
            "no such cache" if not path.exists() else "a folder, not a cache",
            where=str(path),
            fix="make one with: raicl-prep casme2 --out flows.h5",
        )
    index = open_safely(path)
    digest = hashlib.sha256(index.content).hexdigest()
    manifest = decode_manifest(index.content, path)
    known = () if is_unsealed(path) else (index.stamp,)
    return Cache(path, manifest, index.packed, digest, known)
