"""Seal: what tells that a file of HDF5 is whole before HDF5 sees it.

HDF5 may loop for ever, crash or take all memory on a damaged file. So every file begins with a user
block, which HDF5 skips: the length and the SHA-256 of the rest. No bit of the file is outside it.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, NamedTuple

from raicl.common.cache.limits import is_hollow
from raicl.common.errors import HeldError, InputError
from raicl.common.locking import UNSUPPORTED

BLOCK = 512  # bytes, the least that HDF5 has as a user block
SIGNATURE = b"\x89HDF\r\n\x1a\n"
_BUFFER = 1 << 20
HELD = {errno.EAGAIN, errno.EACCES}  # of a lock that another process holds
_NO_HANDLES = {errno.EMFILE, errno.ENFILE}
REMAKE = (
    "run raicl-prep again with the same --out: whole clips are kept, damaged ones are remade; "
    "without the database `raicl repair` keeps the whole ones"
)


class DamagedError(InputError):
    """The bytes of a file are not what was written."""


class UnsealedError(InputError):
    """The file is of an older raicl: only a process of its own may open it."""


class Stamp(NamedTuple):
    """What tells that a file is the one that was looked at before.

    Attributes
    ----------
    changed : time of the last change, ns.
    """

    device: int
    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """That of an open file."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


# What proves that a file may be opened: its stamp, or the SHA-256 of its bytes if it has no seal.
Proofs = Container[Stamp | str]


class Whole(NamedTuple):
    """The bytes of a whole file, and its stamp."""

    content: bytes
    stamp: Stamp


def seal(content: bytes | memoryview) -> bytes:
    """The user block of a file whose other bytes are `content`."""
    return _block(len(content), hashlib.sha256(content).hexdigest())


def matches(content: bytes | bytearray) -> bool:
    """Whether all bytes of a file are those that it was sealed with."""
    view = memoryview(content)
    return view[:BLOCK] == seal(view[BLOCK:])


def _block(length: int, digest: str) -> bytes:
    """One form alone, so that no bit of it may differ."""
    return f"raicl-seal 1\n{length}\n{digest}\n".encode().ljust(BLOCK, b"\0")


def seal_file(path: Path) -> None:
    """Fill the user block of a file that was written with an empty one."""
    with path.open("r+b") as stream:
        block = _block(os.fstat(stream.fileno()).st_size - BLOCK, _digest_rest(stream))
        stream.seek(0)
        stream.write(block)


def is_cache_file(path: Path) -> bool:
    """Whether a file begins as one of HDF5, with a seal or without."""
    with path.open("rb") as stream:
        head = stream.read(BLOCK + len(SIGNATURE))
    return SIGNATURE in (head[: len(SIGNATURE)], head[BLOCK:])


def is_unsealed(path: Path) -> bool:
    """Whether a file is of HDF5 without a seal, as an older raicl wrote them."""
    with path.open("rb") as stream:
        return stream.read(len(SIGNATURE)) == SIGNATURE


def read_whole(path: Path, what: str, *, limit: int, known: Proofs = ()) -> Whole:
    """Read a file into memory and check that it is whole.

    Parameters
    ----------
    limit : most bytes that it may have.
    known : SHA-256 of files without a seal that may be opened.

    Raises
    ------
    HeldError : another program has it open for writing.
    UnsealedError : it has no seal and is not known.
    DamagedError : it does not match its seal, has neither seal nor signature, or is too large.
    InputError : it is missing or cannot be read.
    """
    with _opened(path, what) as (stream, stamp):
        if stamp.size > limit:
            raise DamagedError(
                f"{what} has {stamp.size} bytes, and at most {limit} fit what it may hold",
                where=str(path),
                fix=REMAKE,
            )
        sealed = _begins_sealed(stream, stamp, path, what, known)
        content = stream.read(stamp.size + 1)
    if sealed:
        _check(matches(content), path, what)
    elif hashlib.sha256(content).hexdigest() not in known:
        raise _unsealed(path, what)
    return Whole(content, stamp)


def check_whole(path: Path, what: str, known: Proofs = ()) -> Stamp:
    """Check that a file which may be larger than memory is whole, unless its stamp is known.

    Raises
    ------
    HeldError, UnsealedError, DamagedError, InputError : see `read_whole`.
    """
    with _opened(path, what) as (stream, stamp):
        if stamp in known:
            return stamp
        if not _begins_sealed(stream, stamp, path, what, ()):
            raise _unsealed(path, what)
        block = stream.read(BLOCK)
        _check(block == _block(stamp.size - BLOCK, _digest_rest(stream)), path, what)
    return stamp


def _begins_sealed(stream: BinaryIO, stamp: Stamp, path: Path, what: str, known: Proofs) -> bool:
    """Tell a sealed file from an older one by its first bytes, and refuse any other."""
    head = stream.read(BLOCK)
    stream.seek(0)
    if head.startswith(SIGNATURE):
        if not known:
            raise _unsealed(path, what)
        return False
    if not head.startswith(b"raicl-seal "):
        raise DamagedError(
            f"{what} is missing, truncated, damaged or not a readable HDF5 file",
            where=str(path),
            fix=REMAKE,
        )
    # most truncated files are told without reading them
    _check(head.startswith(f"raicl-seal 1\n{stamp.size - BLOCK}\n".encode()), path, what)
    return True


def _check(same: bool, path: Path, what: str) -> None:
    if not same:
        raise DamagedError(
            f"{what} does not match its seal: it was truncated, damaged or changed",
            where=str(path),
            fix=REMAKE,
        )


def _unsealed(path: Path, what: str) -> UnsealedError:
    return UnsealedError(
        f"{what} has no seal, and a process of its own could not read it",
        where=str(path),
        fix=REMAKE,
    )


def _digest_rest(stream: BinaryIO) -> str:
    """SHA-256 of what follows the user block."""
    stream.seek(BLOCK)
    hasher = hashlib.sha256()
    while part := stream.read(_BUFFER):
        hasher.update(part)
    return hasher.hexdigest()


@contextmanager
def _opened(path: Path, what: str) -> Iterator[tuple[BinaryIO, Stamp]]:
    """Open a regular file that nobody is writing; a fault of the system is no damage of the file.

    HDF5 has these locks too, so a program that has the file open for writing is told.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe in its place must not wait
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not S_ISREG(status.st_mode):
                raise InputError(f"{what} is no regular file", where=str(path), fix=REMAKE)
            _lock(descriptor, path)
            if is_hollow(status.st_size, status.st_blocks):
                raise DamagedError(f"{what} is full of holes", where=str(path), fix=REMAKE)
            yield stream, Stamp.of(status)
    except OSError as error:
        if error.errno in _NO_HANDLES:
            raise
        missing = isinstance(error, FileNotFoundError)
        raise InputError(
            f"{what} is missing" if missing else f"{what} cannot be read: {error.strerror}",
            where=str(path),
            fix=REMAKE if missing else "make it readable, and run the command again",
        ) from error


def _lock(descriptor: int, path: Path) -> None:
    """Share the file with other readers until it is closed, where the file system has locks."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in UNSUPPORTED:
            return  # a file is replaced, never changed
        if error.errno not in HELD:
            raise
        raise held(path) from error


def held(path: Path) -> HeldError:
    """The error of a file that nobody may read now."""
    return HeldError(
        "another program has this file open for writing",
        where=str(path),
        fix="close it there, and run the command again",
    )
