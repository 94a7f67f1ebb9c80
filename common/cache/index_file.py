"""The index file: the bytes of a manifest in HDF5, with what a reader checks first."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from pydantic import ValidationError

from raicl.common.cache.hdf5 import file_of, image, plain_array, plain_number, plain_text
from raicl.common.cache.limits import INDEX_BYTES, MANIFEST_BYTES
from raicl.common.cache.manifest import Manifest
from raicl.common.cache.measure import Measure
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.seal import REMAKE, DamagedError, Proofs, Stamp, check_whole, read_whole
from raicl.common.errors import InputError, VersionError
from raicl.common.settings import SettingValue
from raicl.common.versioned import first_problem

FORMAT, VERSION = "raicl-flows", 3
_SHARD_NAME = re.compile(r"[a-f0-9]{24}-[a-f0-9]{24}\.h5")


class OpenedIndex(NamedTuple):
    """What an index file holds.

    Attributes
    ----------
    content : the manifest's bytes.
    packed : whether the shards are in the same file.
    stamp : of the file, which was whole.
    """

    content: bytes
    packed: bool
    stamp: Stamp


def oldest_version(records: Sequence[ClipRecord], settings: Mapping[str, SettingValue]) -> int:
    """The oldest format version that can hold `records` made with `settings`.

    Readers of version 1 do not know untrained rows and would train on them. Those of version 2 know
    neither classes in place of emotions nor a flow without a unit or a zero, and would mirror it.
    """
    clips = [record.clip for record in records]
    elsewhere = any(clip.labelled != "emotion" or not clip.numbered for clip in clips)
    if elsewhere or Measure.of(settings) != Measure():
        return 3
    return 2 if any(record.untrained for record in records) else 1


def store_manifest(file: h5py.File, content: bytes, version: int) -> None:
    """Write the manifest's bytes, and the attributes that a reader checks first."""
    file.attrs["format"] = FORMAT
    file.attrs["version"] = version
    file.attrs["digest"] = hashlib.sha256(content).hexdigest()
    # a dataset, not an attribute: attributes above 64 KiB are refused by older HDF5 formats
    file.create_dataset("manifest", data=np.frombuffer(content, np.uint8), fletcher32=True)


def decode_manifest(content: bytes, path: Path) -> Manifest:
    """The manifest of the index at `path`.

    Raises
    ------
    InputError : it is no manifest, or a shard's name could point outside the shards' folder.
    """
    try:
        manifest = Manifest.decode(content)
    except ValidationError as error:
        raise InputError(
            f"the manifest does not say what it should: {first_problem(error)}",
            where=f"{path}:/manifest",
            fix=REMAKE,
        ) from error
    for record in manifest.records:
        if not _SHARD_NAME.fullmatch(record.shard):
            raise InputError(
                f"{record.id}: unsafe shard name {record.shard!r}", where=str(path), fix=REMAKE
            )
    return manifest


def open_index(path: Path, known: Proofs = ()) -> OpenedIndex:
    """Check that an index file is whole, and read its manifest.

    A packed cache may be larger than memory: it is hashed where it lies.

    Parameters
    ----------
    known : proofs for files without a seal.

    Raises
    ------
    UnsealedError : it has no seal and is not known.
    VersionError : it has a newer format version.
    InputError : it is of another kind, damaged or cannot be read.
    """
    what = "the index"
    if path.stat().st_size <= INDEX_BYTES:
        content, stamp = read_whole(path, what, limit=INDEX_BYTES, known=known)
        with image(content, what, str(path)) as file:
            return OpenedIndex(*_load_manifest(file, path), stamp)
    index = index_at(path, check_whole(path, what, known))
    if not index.packed:
        raise DamagedError("an index without shards is not so large", where=str(path), fix=REMAKE)
    return index


def index_at(path: Path, stamp: Stamp) -> OpenedIndex:
    """Read the manifest of a file where it lies.

    Parameters
    ----------
    stamp : of the file when it was found whole.

    Raises
    ------
    InputError : see `open_index`.
    """
    with file_of(path, stamp, "the index") as file:
        return OpenedIndex(*_load_manifest(file, path), stamp)


def _load_manifest(file: h5py.File, path: Path) -> tuple[bytes, bool]:
    found = plain_text(file, "format", str(path))
    if found != FORMAT:
        raise InputError(
            f"an HDF5 file of another kind (format is {found!r}, not {FORMAT!r})",
            where=str(path),
            fix="give a file written by raicl-prep",
        )
    version = plain_number(file, "version", str(path)) or 0
    if version > VERSION:
        raise VersionError(
            f"written in format version {version}, this program reads up to {VERSION}",
            where=str(path),
            fix="upgrade raicl",
        )
    where = f"{path}:/manifest"
    array = plain_array(file, "manifest", np.uint8, 1, limit=MANIFEST_BYTES, where=where)
    content = array.tobytes()
    if hashlib.sha256(content).hexdigest() != plain_text(file, "digest", str(path)):
        raise DamagedError("the manifest is damaged", where=where, fix=REMAKE)
    return content, isinstance(file.get("shards", getlink=True), h5py.HardLink)
