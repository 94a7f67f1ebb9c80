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

_state = {"quiet": False, "debug": bool(os.environ.get("RAICL_DEBUG")), "bars": True}


class _Terminated(BaseException):
    """SIGTERM, raised like KeyboardInterrupt so that every `finally` runs."""


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


def say(text: str) -> None:
    """Print a log line on stderr, unless quiet."""
    if not _state["quiet"]:
        print(text, file=sys.stderr, flush=True)


def result(text: str) -> None:
    """Print a result on stdout."""
    print(text, flush=True)


def launch(command: Callable[[], object]) -> NoReturn:
    """Run a command and exit with its documented code; show tracebacks only in debug mode.

    Codes: 0 done, 1 internal bug, 2 usage, 3 input, 4 environment, 5 some clips or folds failed,
    6 output in conflict, 7 disk or memory, 130 SIGINT, 143 SIGTERM.
    """
    signal.signal(signal.SIGTERM, _raise_terminated)
    sys.exit(_exit_code(command))


def _exit_code(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except RaiclError as error:
        _trace()
        _print_error(error.what, error.where, error.fix)
        return error.exit_code
    except KeyboardInterrupt:
        _print_error("interrupted", fix="run the same command again to continue where it stopped")
        return 130
    except _Terminated:
        _print_error("terminated", fix="run the same command again to continue where it stopped")
        return 143
    except BrokenPipeError:
        # the reader of our output is gone (`| head`), so there is nobody to report it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        _trace()
        _print_error("out of memory", fix="use fewer --jobs or a smaller --batch-size")
        return 7
    except OSError as error:
        _trace()
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            _print_error("the disk is full", str(error.filename or ""), "free some space")
            return 7
        _print_error(str(error), fix="this is a bug: run again with RAICL_DEBUG=1 and report it")
        return 1
    except Exception as error:
        _trace()
        _print_error(
            f"{type(error).__name__}: {error}".splitlines()[0],
            fix="this is a bug: run again with RAICL_DEBUG=1 and report it",
        )
        return 1
    return 0


def _raise_terminated(signal_number: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated


def _trace() -> None:
    if _state["debug"]:
        import traceback

        traceback.print_exc()


def _print_error(what: str, where: str = "", fix: str = "") -> None:
    print(f"error: {what}", file=sys.stderr)
    if where:
        print(f"  where: {where}", file=sys.stderr)
    if fix:
        print(f"  fix: {fix}", file=sys.stderr)
