"""Digests: a list of the files of a folder with the SHA-256 of each, sealed and written last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from raicl.common.errors import InputError
from raicl.common.files import sha256_file
from raicl.common.sealing import is_sealed, seal
from raicl.common.versioned import Versioned, read_versioned

_SEAL = "digest"
_MOST_BYTES = 16 << 20  # of a list: 100 bytes a file


class Fault(NamedTuple):
    """A file and what is wrong with it, in words that follow its name. Empty if nothing is."""

    path: Path
    what: str


class Digests(Versioned):
    """The content of a list of digests, which is written after the files that it names.

    Attributes
    ----------
    digest : SHA-256 of the rest of this file. It names the whole.
    files : SHA-256 of other files, by their path from the folder.
    """

    digest: str
    files: dict[str, str]


def list_of(files: Mapping[str, str]) -> bytes:
    """The content of a list for files with these digests."""
    return seal({"version": Digests.newest, "files": dict(files)}, _SEAL)


def is_list(path: Path) -> bool:
    """Whether a file is, to the last byte, what `list_of` gives."""
    return is_sealed(path.read_bytes(), _SEAL)


def read_digests(path: Path, *, fix: str, kind: str) -> Digests:
    """Read a list.

    Parameters
    ----------
    kind : what the list is, in the words of an error.

    Raises
    ------
    InputError : it is missing, larger than it can be, or was changed.
    VersionError : a newer version wrote it.
    """
    if path.is_file() and path.stat().st_size > _MOST_BYTES:
        raise InputError(f"{kind} has at most {_MOST_BYTES >> 20} MiB", where=str(path), fix=fix)
    digests = read_versioned(path, Digests, fix=fix, kind=kind)
    if not is_list(path):
        raise InputError(f"{kind} was damaged or changed", where=str(path), fix=fix)
    return digests


def examine(folder: Path, files: Mapping[str, str]) -> Iterator[Fault]:
    """Compare files with their digests.

    Parameters
    ----------
    files : SHA-256 by path from the folder. A path that leads elsewhere is a fault.
    """
    for name, digest in files.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            yield Fault(path, "lies outside of the folder")
        elif not path.is_file():
            yield Fault(path, "is missing")
        else:
            same = sha256_file(path) == digest
            yield Fault(path, "" if same else "is not the one that was written")
