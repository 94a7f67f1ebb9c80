"""Misuse: turn typer's errors about a command line into the usage errors of raicl."""

from __future__ import annotations

import os
import re
import sys
from difflib import get_close_matches

import typer

from raicl.common.errors import UsageError

# typer does not export it
_TyperUsageError: type[Exception] = typer.BadParameter.__bases__[0]
_INTERRUPTED = 130  # the exit code of a Ctrl-C in newer versions of typer
_CHOICE = re.compile(r"'([^']*)' is not one of ('.*')")


def run(app: typer.Typer, arguments: list[str] | None = None) -> None:
    """Run a typer app, with raicl's errors in place of typer's boxes.

    Parameters
    ----------
    arguments : the command line; None takes that of the process.

    Raises
    ------
    UsageError : an option, value or command does not exist or is missing.
    SystemExit : the command asked for an exit code other than 0, or it got no arguments and showed
        its help (2).
    KeyboardInterrupt : Ctrl-C, which typer would swallow.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(args=[expand_home(word) for word in given], standalone_mode=False)
    except typer.Abort as error:  # a Ctrl-C in older versions of typer
        raise KeyboardInterrupt from error
    except _TyperUsageError as error:
        message = str(error.format_message())  # type: ignore[attr-defined]
        if not message:  # the help is on stdout already
            raise SystemExit(2) from error
        raise _usage_error(error, message) from error
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    if isinstance(code, int) and code:
        raise SystemExit(code)


def expand_home(word: str) -> str:
    """A word of the command line, with the home folder for the ~ of ``--option=~/path``.

    Shells do that only for a word that begins with it.
    """
    option, equals, value = word.partition("=")
    if not (equals and option.startswith("-") and value.startswith("~")):
        return word
    return option + equals + os.path.expanduser(value)  # noqa: PTH111 (a word, not a path)


def _usage_error(error: Exception, message: str) -> UsageError:
    context = getattr(error, "ctx", None)
    program = context.command_path if context is not None else ""
    message, _, meant = message.partition(" Did you mean ")
    # suggestions belong in the remedy, not in the message
    message = message.partition(" (Possible options: ")[0]
    what = message.replace(" Value error,", "").removesuffix(".")
    near = list(getattr(error, "possibilities", None) or re.findall(r"'([^']*)'", meant))
    choice = _CHOICE.search(what)
    if choice is not None:
        near = get_close_matches(choice[1], re.findall(r"'([^']*)'", choice[2]), 1)
    help_line = f"see {program} --help" if program else "see --help"
    fix = f"did you mean {' or '.join(near)}?" if near else help_line
    return UsageError(what[:1].lower() + what[1:], where=program, fix=fix)
