"""HDF5 files, written whole or not at all; read as plain arrays only, with every fault named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from raicl.common.errors import InputError
from raicl.common.files import write_atomic

# h5py passes on whatever HDF5, its own decoding or numpy say about damaged bytes
_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError)
REMAKE = "run raicl-prep again with the same --out: whole clips are kept, damaged ones are remade"
SURVEY = f"`raicl validate` names every damaged clip; {REMAKE}"


@contextmanager
def replacing(path: Path) -> Iterator[h5py.File]:
    """A new file, which takes the place of `path` atomically when the block has ended well.

    It is made in memory: HDF5 cannot let go of a file that it failed to write, and crashes the
    process when that ends.

    Raises
    ------
    ResourceError, InputError : as `raicl.common.files.writing`; `path` is unchanged.
    """
    with h5py.File(path.name, "w", driver="core", backing_store=False) as file:
        yield file
        file.flush()
        image = file.id.get_file_image()
    write_atomic(path, image)


@contextmanager
def reading(path: Path, what: str) -> Iterator[h5py.File]:
    """Open `path` for reading; any fault of the file becomes an InputError about `what`."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except _DAMAGE as error:
        reason = f"{what} is missing, truncated, damaged or not a readable HDF5 file"
        raise InputError(reason, where=str(path), fix=REMAKE) from error


def plain_array(
    group: h5py.Group, name: str, dtype: type[np.generic], ndim: int, *, limit: int, where: str
) -> Any:
    """Read a dataset that stores its own bytes, of the type and rank expected.

    Links, external storage, virtual data, compression and shapes that promise far more bytes
    than the file holds are refused before anything is read.

    Raises
    ------
    InputError : missing, or any of these.
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
