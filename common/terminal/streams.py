"""Streams: output never ends the work, whatever becomes of stdout and stderr."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Literal, TextIO

Name = Literal["stdout", "stderr"]
_lost: list[str] = []  # why results could not be printed


def open_streams() -> None:
    """Make both streams writable: closed ones lead nowhere, and no character is refused.

    A character that the encoding of a stream lacks, such as an ellipsis in ASCII, becomes "?".
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed before the program began
            setattr(sys, name, _nowhere())
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def print_on(name: Name, text: str) -> None:
    """Print a line, or nothing more on a stream that cannot be written."""
    try:
        print(text, file=getattr(sys, name), flush=True)
    except BrokenPipeError:  # its reader has seen enough, as in `| head`
        silence(name)
    except OSError as error:
        if name == "stdout":
            _lost.append(error.strerror or str(error))
        silence(name)


def lost_output() -> str:
    """Why results could not be printed. Empty if they were, or if nobody read on."""
    return _lost[0] if _lost else ""


def silence(name: Name) -> None:
    """Let a stream lead nowhere. Its descriptor too, because Python flushes it at its end."""
    nowhere = _nowhere()
    stream: TextIO = getattr(sys, name)
    with suppress(OSError, ValueError):  # it has no descriptor, or none that is open
        os.dup2(nowhere.fileno(), stream.fileno())
    setattr(sys, name, nowhere)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
