"""HDF5 files: written sealed, read as plain arrays only, with an error for every fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from raicl.common.cache.limits import TEXT_BYTES
from raicl.common.cache.seal import BLOCK, HELD, REMAKE, DamagedError, Stamp, held, seal
from raicl.common.files import write_atomic
from raicl.common.locking import UNSUPPORTED

# damaged bytes can raise any of these, from HDF5, from h5py's decoding or from numpy
_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError)
_LOCK = re.compile(r"unable to lock file, errno = (\d+)")
_numbers = count()


def _name() -> str:
    """A name of its own for each image: HDF5 takes two of one name for the same file."""
    return f"image {next(_numbers)}"


@contextmanager
def replacing(path: Path) -> Iterator[h5py.File]:
    """Yield a new file, which replaces `path` atomically and sealed if the block succeeds.

    The file is built in memory. HDF5 cannot close a file that it failed to write, and crashes the
    process at its end.

    Raises
    ------
    ResourceError, InputError : see `raicl.common.files.writing`; `path` is unchanged.
    """
    options = {"driver": "core", "backing_store": False, "userblock_size": BLOCK}
    with h5py.File(_name(), "w", **options) as file:
        yield file
        file.flush()
        image = file.id.get_file_image()  # without the user block
    write_atomic(path, seal(image) + image)


@contextmanager
def image(content: bytes, what: str, where: str) -> Iterator[h5py.File]:
    """Open the bytes of a whole file; any fault becomes a DamagedError about `what`.

    Raises
    ------
    DamagedError : HDF5 cannot read it, or what the block reads is not what it should be.
    """
    try:
        access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
        access.set_fapl_core(backing_store=False)
        access.set_file_image(content)
        opened = h5py.h5f.open(_name().encode(), h5py.h5f.ACC_RDONLY, access)
        del access  # it holds a copy of the bytes
        with h5py.File(opened) as file:
            yield file
    except _DAMAGE as error:
        raise _unreadable(what, where) from error


@contextmanager
def file_of(path: Path, stamp: Stamp, what: str) -> Iterator[h5py.File]:
    """Open a file that is whole and may be larger than memory, as long as it is the same.

    Parameters
    ----------
    stamp : of the file when it was found whole.

    Raises
    ------
    DamagedError : as `image`; or it was replaced since.
    HeldError : another program has it open for writing.
    """
    try:
        with _open(path) as file:
            if Stamp.of(path.stat()) != stamp:
                raise DamagedError(f"{what} was changed", where=str(path), fix="start again")
            yield file
    except _DAMAGE as error:
        raise _unreadable(what, str(path)) from error


def _unreadable(what: str, where: str) -> DamagedError:
    reason = f"{what} is missing, truncated, damaged or not a readable HDF5 file"
    return DamagedError(reason, where=where, fix=REMAKE)


def _open(path: Path) -> h5py.File:
    """Open with HDF5's lock, or without one where the file system has no locks."""
    try:
        return h5py.File(path, "r")
    except OSError as error:
        refused = _LOCK.search(str(error))
        if refused is None:
            raise
        if int(refused[1]) in HELD:
            raise held(path) from error
        if int(refused[1]) not in UNSUPPORTED:
            raise
        return h5py.File(path, "r", locking=False)  # a file is replaced, never changed


def plain_array(
    group: h5py.Group, name: str, dtype: type[np.generic], ndim: int, *, limit: int, where: str
) -> Any:
    """Read a dataset of the expected type and rank that stores its own bytes.

    Links, external storage, virtual data, any filter but the checksum, and shapes or chunks that
    claim more bytes than the file holds are refused before anything is read.

    Raises
    ------
    DamagedError : the dataset is missing or refused.
    """
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise DamagedError(f"{name} is missing or a link", where=where, fix=REMAKE)
    dataset = group[name]
    if (
        not isinstance(dataset, h5py.Dataset)
        or dataset.dtype != dtype
        or dataset.ndim != ndim
        or dataset.is_virtual
        or dataset.external
        or not _only_checksum(dataset)
        or not _fits(dataset, limit, group.file.id.get_filesize())
    ):
        reason = f"{name} is not a plain {np.dtype(dtype).name} array"
        raise DamagedError(reason, where=where, fix=REMAKE)
    return dataset[()]


def _only_checksum(dataset: h5py.Dataset) -> bool:
    """Whether no filter can make more bytes of those that are stored."""
    made = dataset.id.get_create_plist()
    filters = {made.get_filter(number)[0] for number in range(made.get_nfilters())}
    return filters <= {h5py.h5z.FILTER_FLETCHER32}


def _fits(dataset: h5py.Dataset, limit: int, held: int) -> bool:
    """Whether the file holds every byte that the shape promises, and no chunk is larger."""
    chunk = dataset.chunks or dataset.shape
    return bool(
        dataset.nbytes <= min(limit, dataset.id.get_storage_size())
        and dataset.id.get_storage_size() <= held
        and all(side <= whole for side, whole in zip(chunk, dataset.shape, strict=True))
    )


def plain_text(node: h5py.Group, name: str, where: str) -> str | None:
    """An attribute that is one text. None if there is none, or it is another thing.

    Raises
    ------
    DamagedError : it is longer than any that raicl writes.
    """
    found = _attribute(node, name, where)
    return found if isinstance(found, str) else None


def plain_number(node: h5py.Group, name: str, where: str) -> int | None:
    """An attribute that is one whole number. None if there is none, or it is another thing.

    Raises
    ------
    DamagedError : it is larger than any that raicl writes.
    """
    found = _attribute(node, name, where)
    return int(found) if isinstance(found, (int, np.integer)) else None


def _attribute(node: h5py.Group, name: str, where: str) -> object:
    if name not in node.attrs:
        return None
    kind = node.attrs.get_id(name)
    if kind.shape != () or kind.get_storage_size() > TEXT_BYTES:
        raise DamagedError(f"the attribute {name} is no plain value", where=where, fix=REMAKE)
    return node.attrs[name]
