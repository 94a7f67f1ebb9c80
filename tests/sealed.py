"""Caches as others would leave them: edited through HDF5, or written by an older raicl."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from raicl.common.cache.flows import shards_folder
from raicl.common.cache.seal import BLOCK, seal_file


@contextmanager
def edit(path: Path) -> Iterator[h5py.File]:
    """Change a file through HDF5, and seal it again as somebody with bad intentions would."""
    with h5py.File(path, "r+") as file:
        yield file
    seal_file(path)


def unseal(path: Path) -> None:
    """Make a file what an older raicl wrote: without a user block, the same bytes otherwise."""
    old = bytearray(path.read_bytes()[BLOCK:])
    base, _, end = struct.unpack_from("<QQQ", old, 24)  # of a superblock of version 0
    struct.pack_into("<Q", old, 24, base - BLOCK)
    struct.pack_into("<Q", old, 40, end - BLOCK)
    path.write_bytes(old)


def unseal_cache(index: Path) -> None:
    """The same for an index and all its shards."""
    for path in (index, *shards_folder(index).glob("*.h5")):
        unseal(path)


def state(flows: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file of a cache: its bytes, its inode and the time of its last change."""
    files = [flows, *(shards_folder(flows).iterdir() if shards_folder(flows).is_dir() else [])]
    return {
        path.name: (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns)
        for path in files
    }


def damage(path: Path, position: int = -100, bit: int = 1) -> None:
    """Change a bit of the byte at `position`."""
    content = bytearray(path.read_bytes())
    content[position] ^= bit
    path.write_bytes(content)
