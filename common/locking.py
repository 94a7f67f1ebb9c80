"""Locking: one writer per output at a time, identified by its process and host."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from raicl.common.errors import HeldError, InputError
from raicl.common.files import writing
from raicl.common.terminal.console import say

_ENOTSUPP = 524  # of the Linux kernel, which some network mounts let through
# what a file system without locks answers
UNSUPPORTED = {
    *(errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.EPERM),
    _ENOTSUPP,
}


@contextmanager
def lock(path: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Hold `path` as the lock of a single writer until the block ends.

    The kernel releases the lock when the process ends, so a killed writer leaves no stale lock.
    On a file system without such locks (some network mounts), a file ``PATH.held`` replaces it.

    Parameters
    ----------
    patience : how long to wait for another process that holds it, s.

    Raises
    ------
    HeldError : another process holds it; the message names its pid and host.
    InputError : the folder does not exist or cannot be written.
    """
    deadline = time.monotonic() + patience
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(_lock(path))
                break
            except HeldError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.1)
        yield


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)  # as the umask says
    except OSError as error:
        raise InputError(
            f"cannot create the lock: {error.strerror}",
            where=str(path),
            fix="choose an output folder that exists and that you may write to",
        ) from error
    with os.fdopen(descriptor, "r+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HeldError(
                f"another process is writing this output ({stream.read().strip()})",
                where=str(path),
                fix="wait until it ends, or choose another output",
            ) from error
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
            say(f"note: no locks on this file system ({error.strerror}), a lock file is used")
            stand_in: AbstractContextManager[None] = _held(path.with_name(f"{path.name}.held"))
        else:
            stand_in = nullcontext()
            stream.seek(0)
            stream.truncate()
            stream.write(_holder())
            stream.flush()
        with stand_in:
            yield


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Lock by a file that only one process can create. A killed process leaves it behind."""
    try:
        with writing(path), path.open("x") as stream:
            stream.write(_holder())
    except FileExistsError as error:
        raise HeldError(
            f"another process is writing this output ({path.read_text().strip()})",
            where=str(path),
            fix="wait until it ends; if it was killed, delete this file",
        ) from error
    try:
        yield
    finally:
        path.unlink()


def _holder() -> str:
    return f"pid {os.getpid()} on {socket.gethostname()}\n"
