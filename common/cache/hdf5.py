"""HDF5 files: written atomically, read as plain arrays only, with an error for every fault."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from raicl.common.errors import HeldError, InputError
from raicl.common.files import write_atomic
from raicl.common.locking import UNSUPPORTED

# damaged bytes can raise any of these, from HDF5, from h5py's decoding or from numpy
_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError)
_HELD = {errno.EAGAIN, errno.EACCES}  # of a lock that another process holds
_LOCK = re.compile(r"unable to lock file, errno = (\d+)")
REMAKE = "run raicl-prep again with the same --out: whole clips are kept, damaged ones are remade"
SURVEY = f"`raicl validate` names every damaged clip; {REMAKE}"


@contextmanager
def replacing(path: Path) -> Iterator[h5py.File]:
    """Yield a new file, which replaces `path` atomically if the block succeeds.

    The file is built in memory. HDF5 cannot close a file that it failed to write, and crashes the
    process at its end.

    Raises
    ------
    ResourceError, InputError : see `raicl.common.files.writing`; `path` is unchanged.
    """
    with h5py.File(path.name, "w", driver="core", backing_store=False) as file:
        yield file
        file.flush()
        image = file.id.get_file_image()
    write_atomic(path, image)


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as one of HDF5."""
    return bool(h5py.is_hdf5(path))


@contextmanager
def reading(path: Path, what: str) -> Iterator[h5py.File]:
    """Open `path` for reading; any fault of the file becomes an InputError about `what`.

    Raises
    ------
    HeldError : another program has it open for writing.
    InputError : any other fault.
    """
    try:
        with _open(path) as file:
            yield file
    except _DAMAGE as error:
        reason = f"{what} is missing, truncated, damaged or not a readable HDF5 file"
        raise InputError(reason, where=str(path), fix=REMAKE) from error


def _open(path: Path) -> h5py.File:
    """Open with HDF5's lock, or without one where the file system has no locks."""
    try:
        return h5py.File(path, "r")
    except OSError as error:
        refused = _LOCK.search(str(error))
        if refused is None:
            raise
        if int(refused[1]) in UNSUPPORTED:
            return h5py.File(path, "r", locking=False)  # a file is replaced, never changed
        if int(refused[1]) not in _HELD:
            raise
        raise HeldError(
            "another program has this file open for writing",
            where=str(path),
            fix="close it there, and run the command again",
        ) from error


def plain_array(
    group: h5py.Group, name: str, dtype: type[np.generic], ndim: int, *, limit: int, where: str
) -> Any:
    """Read a dataset of the expected type and rank that stores its own bytes.

    Links, external storage, virtual data, compression and shapes that claim more bytes than the
    file holds are refused before anything is read.

    Raises
    ------
    InputError : the dataset is missing or refused.
    """
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise InputError(f"{name} is missing or a link", where=where, fix=REMAKE)
    dataset = group[name]
    if (
        not isinstance(dataset, h5py.Dataset)
        or dataset.dtype != dtype
        or dataset.ndim != ndim
        or dataset.is_virtual
        or dataset.external
        or dataset.compression is not None
        or dataset.nbytes > min(limit, dataset.id.get_storage_size())
    ):
        reason = f"{name} is not a plain {np.dtype(dtype).name} array"
        raise InputError(reason, where=where, fix=REMAKE)
    return dataset[()]
