"""Folder: the files of a model, and whether they are those that it was saved with."""

from __future__ import annotations

from pathlib import Path

from raicl.common.digests import Digests, is_list, list_of
from raicl.common.errors import InputError
from raicl.common.files import sha256_file, write_atomic
from raicl.common.versioned import read_versioned

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
    write_atomic(folder / DIGESTS, list_of({name: sha256_file(folder / name) for name in names}))


def verify(folder: Path) -> Digests:
    """Check every file of a model against its digest. Nothing but the digests is parsed.

    Raises
    ------
    InputError : a file is missing, larger than it can be, or not the one that was saved.
    VersionError : a newer version wrote the folder.
    """
    digests = _read_list(folder)
    for name, digest in digests.files.items():
        _check_file(folder / name, digest)
    return digests


def examine_model(folder: Path) -> dict[Path, str]:
    """Every file of a model, with what is wrong with it: nothing, if it is whole."""
    path = folder / DIGESTS
    try:
        listed = _read_list(folder).files
    except InputError as error:
        return {path: error.what}
    found = {path: ""}
    for name, digest in listed.items():
        try:
            _check_file(folder / name, digest)
        except InputError as error:
            found[folder / name] = error.what
        else:
            found[folder / name] = ""
    return found


def _read_list(folder: Path) -> Digests:
    path = folder / DIGESTS
    _check_size(path)
    digests = read_versioned(path, Digests, fix=AGAIN, kind=_KIND)
    if not is_list(path):
        raise _changed(path)
    unknown = set(digests.files) - {*FITTED, *TOLD}
    lacking = {*FITTED, CARD, LICENCE} - set(digests.files)
    if unknown or lacking:
        raise InputError(
            f"a model {'does not have' if unknown else 'has'} a file {min(unknown or lacking)}",
            where=str(path),
            fix=AGAIN,
        )
    return digests


def _check_file(path: Path, digest: str) -> None:
    _check_size(path)
    if sha256_file(path) != digest:
        raise _changed(path)


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
