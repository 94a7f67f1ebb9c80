"""Errors a user can cause: what went wrong, where, and what to do. One exit code per kind."""

from __future__ import annotations


class RaiclError(Exception):
    """A failure with its cause, its place and its remedy, printed without a traceback.

    Parameters
    ----------
    what : one line, the cause with the offending value.
    where : one line, the file, row or clip.
    fix : one line, the command or action that solves it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.fix = what, where, fix

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the keyword arguments too, so that a worker process can pass the error on."""
        return _rebuild, (type(self), self.what, self.where, self.fix)

    def __str__(self) -> str:
        return f"{self.what} ({self.where})" if self.where else self.what


def _rebuild(kind: type[RaiclError], what: str, where: str, fix: str) -> RaiclError:
    return kind(what, where=where, fix=fix)


class UsageError(RaiclError):
    """Wrong option, value or configuration key."""

    exit_code = 2


class InputError(RaiclError):
    """Missing or unusable data: database, sheet, frame, cache."""

    exit_code = 3


class VersionError(InputError):
    """The file was written by a newer version of raicl, and only that can read it."""


class SetupError(RaiclError):
    """The installation or the machine lacks something: package, model file, GPU."""

    exit_code = 4


class PartialError(RaiclError):
    """The command finished, but some clips or folds failed."""

    exit_code = 5


class ConflictError(RaiclError):
    """The output exists with other settings, or another process holds it."""

    exit_code = 6


class HeldError(ConflictError):
    """Another process is writing the output. Trying again later may succeed."""


class ResourceError(RaiclError):
    """Out of disk or memory."""

    exit_code = 7
