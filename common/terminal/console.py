"""What a command prints: the log on stderr, only results on stdout, errors in 3 lines."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from raicl.common.errors import RaiclError
from raicl.common.resources import shortage
from raicl.common.terminal.streams import lost_output, open_streams, print_on, silence

_sinks: list[Callable[[str], None]] = []  # where log lines go instead of stderr, in a worker
_state = {"quiet": False, "debug": bool(os.environ.get("RAICL_DEBUG")), "bars": True}


class _Terminated(BaseException):
    """SIGTERM or SIGHUP, raised like KeyboardInterrupt so that every `finally` runs."""


def configure(*, quiet: bool = False, debug: bool = False, bars: bool = True) -> None:
    """Set what `say`, `Progress` and `launch` show for the rest of the process.

    Parameters
    ----------
    bars : whether progress bars may be drawn; False in a worker, whose terminal is shared.
    """
    _state.update(quiet=quiet, debug=debug or _state["debug"], bars=bars)


def configured() -> dict[str, bool]:
    """Arguments of `configure` that give a worker process the same configuration."""
    return {name: _state[name] for name in ("quiet", "debug")}


def draws_bars() -> bool:
    """Whether a bar may be drawn: on a terminal that no worker shares, unless quiet."""
    return _state["bars"] and not _state["quiet"] and sys.stderr.isatty()


def redirect(sink: Callable[[str], None]) -> None:
    """Give the log lines of this process to `sink`, which brings them to another's stderr."""
    _sinks[:] = [sink]


def say(text: str) -> None:
    """Print a log line on stderr, unless quiet. A log that cannot be written ends no work."""
    if _state["quiet"]:
        return
    if _sinks:
        _sinks[0](text)
    else:
        print_on("stderr", text)


def result(text: str) -> None:
    """Print a result on stdout. If that fails the work goes on, and `launch` tells at its end."""
    print_on("stdout", text)


def launch(command: Callable[[], object]) -> NoReturn:
    """Run a command and exit with its documented code; show tracebacks only in debug mode.

    Codes: 0 done, 1 internal bug, 2 usage, 3 input, 4 environment, 5 some clips or folds failed,
    6 output in conflict, 7 disk or memory, 129 SIGHUP, 130 SIGINT, 143 SIGTERM.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # not under nohup
        signal.signal(signal.SIGHUP, _raise_terminated)
    open_streams()
    code = _exit_code(command)
    lost = lost_output()
    if not code and lost:
        _print_error(f"results could not be printed: {lost}", "stdout", "free some space")
        code = 7
    sys.exit(code)


def _exit_code(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except RaiclError as error:
        _trace()
        return _told(shortage(error) or error)
    except KeyboardInterrupt:
        _print_error("interrupted", fix="run the same command again to continue where it stopped")
        return 130
    except _Terminated as signalled:
        _print_error("terminated", fix="run the same command again to continue where it stopped")
        return 128 + int(signalled.args[0])
    except BrokenPipeError:
        silence("stdout")
        return 0
    except OSError as error:
        _trace()
        return _operating_system(error)
    except Exception as error:
        _trace()
        short = shortage(error)
        if short is not None:
            return _told(short)
        _print_error(
            f"{type(error).__name__}: {error}".splitlines()[0],
            fix="this is a bug: run again with RAICL_DEBUG=1 and report it",
        )
        return 1
    return 0


def _told(error: RaiclError) -> int:
    """Print one of our own errors; its exit code."""
    _print_error(error.what, error.where, error.fix)
    return error.exit_code


_GONE = {errno.ENOENT, errno.ESTALE}
_NO_RIGHT = {errno.EACCES, errno.EPERM}


def _operating_system(error: OSError) -> int:
    """Tell what the operating system refused; the exit code."""
    where = str(error.filename or "")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        _print_error("the disk is full", where, "free some space")
        return 7
    if error.errno == errno.EIO:
        _print_error(f"the disk fails: {error.strerror}", where, "look into the system's log")
        return 7
    short = shortage(error)
    if short is not None:
        return _told(short)
    if error.errno in _NO_RIGHT and where:
        fix = "ask for the right to read and enter it, or give another path"
        _print_error("permission denied", where, fix)
        return 3
    if error.errno in _GONE and where:
        fix = "if nobody removed it, this is a bug: run again with RAICL_DEBUG=1 and report it"
        _print_error("a file or folder that was there is gone", where, fix)
        return 3
    _print_error(str(error), fix="this is a bug: run again with RAICL_DEBUG=1 and report it")
    return 1


def _raise_terminated(signal_number: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated(signal_number)


def _trace() -> None:
    if _state["debug"]:
        import traceback

        traceback.print_exc()


def _print_error(what: str, where: str = "", fix: str = "") -> None:
    print_on("stderr", f"error: {what}")
    if where:
        print_on("stderr", f"  where: {where}")
    if fix:
        print_on("stderr", f"  fix: {fix}")
