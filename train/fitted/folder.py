"""Folder: the files of a model, and whether they are those that it was saved with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from raicl.common.errors import InputError
from raicl.common.files import encode_json, read_json, sha256_file, write_atomic
from raicl.common.versioned import read_versioned
from raicl.train.fitted.records import Digests

SETTINGS, WEIGHTS, RECORD = "settings.toml", "model.safetensors", "model.json"
STATISTICS, PROVENANCE, LOG = "statistics.json", "provenance.json", "log.csv"
SCORES, CARD, LICENCE = "scores.json", "README.md", "LICENSE"
DIGESTS = "digests.json"
FITTED = (SETTINGS, WEIGHTS, RECORD, STATISTICS, PROVENANCE, LOG)
TOLD = (SCORES, CARD, LICENCE)  # what is said of a model; it can be written anew without a fit
AGAIN = "copy the whole folder again, or fit it anew with raicl fit --overwrite"

_MOST_BYTES = {WEIGHTS: 8 << 30, LOG: 1 << 30, DIGESTS: 1 << 20}
_MOST = 16 << 20  # of any other file; the largest is scores.json, with 100 bytes a subject
_KIND = "the list of the model's digests"


def is_whole(folder: Path) -> bool:
    """Whether a folder is a model. Only ``digests.json`` says so."""
    return (folder / DIGESTS).is_file()


def seal(folder: Path) -> None:
    """Write the digests of every file of a model. It is then whole."""
    names = [name for name in (*FITTED, *TOLD) if (folder / name).is_file()]
    values = {"version": Digests.newest, "files": {n: sha256_file(folder / n) for n in names}}
    write_atomic(folder / DIGESTS, encode_json(values | {"digest": _digest(values)}))


def verify(folder: Path) -> Digests:
    """Check every file of a model against its digest. Nothing but the digests is parsed.

    Raises
    ------
    InputError : a file is missing, larger than it can be, or not the one that was saved.
    VersionError : a newer version wrote the folder.
    """
    path = folder / DIGESTS
    _check_size(path)
    digests = read_versioned(path, Digests, fix=AGAIN, kind=_KIND)
    if not _is_sealed(path):
        raise _changed(path)
    unknown = set(digests.files) - {*FITTED, *TOLD}
    lacking = {*FITTED, CARD, LICENCE} - set(digests.files)
    if unknown or lacking:
        raise InputError(
            f"a model {'does not have' if unknown else 'has'} a file {min(unknown or lacking)}",
            where=str(path),
            fix=AGAIN,
        )
    for name, digest in digests.files.items():
        _check_size(folder / name)
        if sha256_file(folder / name) != digest:
            raise _changed(folder / name)
    return digests


def _is_sealed(path: Path) -> bool:
    """Whether the list of digests is, byte for byte, what `seal` writes."""
    values = read_json(path, fix=AGAIN, kind=_KIND)
    try:
        said = values.pop("digest")
        return encode_json(values | {"digest": said}) == path.read_bytes() and (
            said == _digest(values)
        )
    except (ValueError, RecursionError):  # what JSON may hold and `seal` never writes
        return False


def _digest(values: dict[str, Any]) -> str:
    return hashlib.sha256(encode_json(values)).hexdigest()


def _check_size(path: Path) -> None:
    """Refuse a file that is absent, or larger than it can be, before it is read."""
    if not path.is_file():
        raise InputError(f"the model lacks {path.name}", where=str(path), fix=AGAIN)
    size, most = path.stat().st_size, _MOST_BYTES.get(path.name, _MOST)
    if size > most:
        raise InputError(
            f"{path.name} of a model has at most {most >> 20} MiB, not {size >> 20}",
            where=str(path),
            fix=AGAIN,
        )


def _changed(path: Path) -> InputError:
    return InputError(
        f"the model was damaged or changed: {path.name} is not the one it was saved with",
        where=str(path),
        fix=AGAIN,
    )
