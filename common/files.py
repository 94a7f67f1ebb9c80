"""Atomic replacement of files, so that a file is complete or absent, and their digests."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from raicl.common.errors import InputError, ResourceError
from raicl.common.limits import JSON_BYTES

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DISK_BROKEN = {errno.EIO, errno.ENXIO, errno.EREMOTEIO}
_NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
_NO_WAY_IN = {errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR}


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_bytes(content: bytes) -> str:
    """Hexadecimal SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError about writing to `path` that a user can solve into one that says how.

    Raises
    ------
    ResourceError : the disk is full, or fails.
    InputError : the folder does not exist or cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise ResourceError(
                "the disk is full", where=str(path), fix="free some space and run the command again"
            ) from error
        if error.errno in _DISK_BROKEN:
            raise ResourceError(
                f"the disk fails: {error.strerror}",
                where=str(path),
                fix="look into the system's log, write elsewhere, or run the command again",
            ) from error
        if error.errno in _NO_WAY_IN:
            raise InputError(
                f"cannot write: {error.strerror}",
                where=str(path),
                fix="choose a folder that exists and that you may write to",
            ) from error
        raise


def followed(path: Path) -> Path:
    """Where a symbolic link leads to. Any other path as it is, so that messages show it so."""
    return path.resolve() if path.is_symlink() else path


@contextmanager
def replace_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`. On success, sync it to disk and rename it to `path`.

    If `path` is a symbolic link, what it leads to is replaced.

    The final path is never opened for writing. A killed process leaves the old file or the new
    one, and at worst a hidden ``.NAME.PID-RANDOM.tmp``, which `sweep` removes. Processes of several
    machines may have the same PID.

    Raises
    ------
    ResourceError, InputError : see `writing`; `path` is unchanged.
    """
    if path.is_dir():  # checked here because with_name below fails on "."
        raise InputError("cannot write: it is a folder", where=str(path), fix="name a file in it")
    path = followed(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with writing(path):
            yield temporary
            _sync(temporary)
            temporary.replace(path)
            _sync_folder(path.parent)
    finally:
        with suppress(OSError):  # the original error, if any, is the one to report
            temporary.unlink(missing_ok=True)


def sweep(folder: Path, name: str = "*") -> None:
    """Remove the temporary files that killed writers of `name` left in `folder`.

    Only the process that holds the lock of the output may call it.
    """
    for stale in folder.glob(f".{name}.*.tmp"):
        stale.unlink(missing_ok=True)


def write_atomic(path: Path, content: bytes) -> None:
    """Write a whole file through `replace_atomically`."""
    with replace_atomically(path) as temporary:
        temporary.write_bytes(content)


def write_together(contents: dict[Path, bytes]) -> None:
    """Write files of which the last is there only with the others that were written with it.

    All are on disk under temporary names before the first is replaced, so a full disk leaves the
    old ones as they were. A killed process leaves the old files, the new ones, or no last one.

    Raises
    ------
    ResourceError, InputError : see `writing`.
    """
    with ExitStack() as replaced:  # in the reverse order of how they are entered
        for path in reversed(contents):
            temporary = replaced.enter_context(replace_atomically(path))
            temporary.write_bytes(contents[path])
            _sync(temporary)
        last = followed(list(contents)[-1])
        last.unlink(missing_ok=True)
        _sync_folder(last.parent)


def replace_folder(folder: Path, target: Path) -> None:
    """Rename a folder whose files are on disk to `target`, which is absent or an empty folder.

    Raises
    ------
    ResourceError, InputError : see `writing`; both folders are unchanged.
    """
    with writing(target):
        folder.replace(target)
        _sync_folder(target.parent)


def encode_json(values: object) -> bytes:
    """Indented JSON with sorted keys, equal for equal values; NaN is refused."""
    return (json.dumps(values, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def write_json(path: Path, values: object) -> None:
    """Write `encode_json` of the values atomically."""
    write_atomic(path, encode_json(values))


def read_within(path: Path, most: int) -> bytes:
    """Read a file of at most `most` bytes.

    Raises
    ------
    ValueError : it has more.
    OSError : it cannot be read.
    """
    with path.open("rb") as stream:
        larger = os.fstat(stream.fileno()).st_size > most
        content = b"" if larger else stream.read(most + 1)  # it may have grown, or be a pipe
    if larger or len(content) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return content


def read_json(
    path: Path, *, fix: str, kind: str = "the file", most: int = JSON_BYTES
) -> dict[str, Any]:
    """Read the object in a JSON file of at most `most` bytes.

    Raises
    ------
    InputError : the file is missing, too large or damaged. The error names its `kind` and carries
        `fix`.
    """
    try:
        values = json.loads(read_within(path, most))
        if not isinstance(values, dict):
            raise ValueError("it does not contain an object")
    except (OSError, ValueError, RecursionError) as error:  # the last: lists in lists in lists
        raise InputError(f"{kind} cannot be read: {error}", where=str(path), fix=fix) from error
    return values


def _sync_folder(path: Path) -> None:
    """Put the names in a folder on disk, as far as its file system can (CIFS and FUSE cannot)."""
    try:
        _sync(path)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
