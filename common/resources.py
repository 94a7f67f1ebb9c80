"""Resources: whether an error, of whatever library, says that the machine has no more to give."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator

from raicl.common.errors import RaiclError, ResourceError, SetupError

_HANDLES = {errno.EMFILE, errno.ENFILE}
_HANDLES_SAID = ("too many open files", "object file: error 24")  # of h5py and the loader
_THREADS_SAID = ("can't start new thread", "thread creation failed")
# of numpy, torch, OpenCV, the C library and its loader, in place of a MemoryError
_MEMORY_SAID = (
    *("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory"),
    *("unable to allocate", "insufficient memory", "failed to map segment", "bad_alloc"),
)
_NOT_LOADED = "load shared object"  # of llvmlite
_AMPLE = 16 << 30  # of address space: libraries take 1 to 5 GB


def tells_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no memory left, or no room to load a library."""
    if isinstance(error, MemoryError) or _says(error, _MEMORY_SAID):
        return True
    limited = resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    return limited and isinstance(error, OSError) and _says(error, (_NOT_LOADED,))


def tells_of_handles(error: BaseException) -> bool:
    """Whether an error says that a process, or the machine, has too many files open."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, ImportError) and _no_handle_is_left():
        return True  # a folder of modules that cannot be opened is passed over as if it were empty
    return number in _HANDLES or _says(error, _HANDLES_SAID)


def tells_of_threads(error: BaseException) -> bool:
    """Whether an error says that no more threads or processes can be started."""
    forked = isinstance(error, BlockingIOError) and error.filename is None  # of subprocess
    return forked or _says(error, _THREADS_SAID)


def check_address_space(*modules: str) -> None:
    """Under a limit of the address space, check that these modules can be loaded in it.

    Libraries without room end their process by a signal, which nothing in it can report. So they
    are tried in a process of its own, only if there is a limit. What they take later is not known.

    Raises
    ------
    ResourceError : they do not fit.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit in (resource.RLIM_INFINITY, -1) or limit > _AMPLE:
        return
    answer = subprocess.run(
        [sys.executable, "-c", f"import {', '.join(modules)}"],
        capture_output=True,
        text=True,
        check=False,
        errors="replace",
    )
    if answer.returncode < 0 or _says(RuntimeError(answer.stderr), (*_MEMORY_SAID, _NOT_LOADED)):
        raise ResourceError(
            f"{', '.join(modules)} do not fit into the address space of {limit / 1e9:.1f} GB",
            fix="raise the limit (ulimit -v), or ask the batch system that sets it for more memory",
        )


def shortage(error: BaseException) -> ResourceError | None:
    """What is short, if that is the reason of an error. None if it has another one.

    An error of our own says what it is about. Behind it only a lack of handles is looked for, which
    would be taken for a damaged file, and behind a library that cannot be imported anything.
    """
    for cause in _causes(error):
        if tells_of_handles(cause):
            where = str(getattr(error, "where", "") or getattr(cause, "filename", None) or "")
            return ResourceError(
                "too many open files",
                where=where,
                fix="raise the limit (ulimit -n), or use fewer --jobs",
            )
        if isinstance(error, RaiclError) and not isinstance(error, SetupError):
            continue
        if tells_of_threads(cause):
            return ResourceError(
                "no more threads or processes can be started",
                fix="raise the limit (ulimit -u), or use fewer --jobs and --threads",
            )
        if tells_of_memory(cause):
            return ResourceError(
                "out of memory",
                fix="use fewer --jobs or a smaller --batch-size, or raise the limit (ulimit -v)",
            )
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it was raised from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def _no_handle_is_left() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in _HANDLES
    return False


def _says(error: BaseException, texts: tuple[str, ...]) -> bool:
    said = str(error).lower()
    return any(text in said for text in texts)
