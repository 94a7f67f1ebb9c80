"""The index file: the bytes of a manifest in HDF5, with what a reader checks first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from raicl.common.cache.hdf5 import REMAKE, plain_array
from raicl.common.cache.measure import Measure
from raicl.common.cache.record import ClipRecord
from raicl.common.errors import InputError, VersionError
from raicl.common.settings import SettingValue

FORMAT, VERSION = "raicl-flows", 3
_MANIFEST_BYTES = 256 << 20  # a manifest of CAS(ME)^3's 860 clips has 1 MB


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


def load_manifest(file: h5py.File, path: Path) -> tuple[bytes, bool]:
    """Read and verify the manifest's bytes, and tell whether the shards are in the same file.

    Raises
    ------
    VersionError : the file has a newer format version.
    InputError : the file is of another kind or damaged.
    """
    found = file.attrs.get("format")
    if not isinstance(found, str) or found != FORMAT:
        raise InputError(
            f"an HDF5 file of another kind (format is {found!r}, not {FORMAT!r})",
            where=str(path),
            fix="give a file written by raicl-prep",
        )
    version = int(file.attrs.get("version", 0))
    if version > VERSION:
        raise VersionError(
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
