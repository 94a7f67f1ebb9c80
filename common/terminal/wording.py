"""Wording: numbers in sentences, paths in commands, and a sentence that stands in many places."""

import shlex
from pathlib import Path

RESEARCH_ONLY = "for research only: not for judging people, deception, or emotion at work or school"


def counted(number: int, noun: str) -> str:
    """A number and its noun, with an s unless the number is one: ``1 clip``, ``0 clips``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def clips_of_subjects(clips: int, subjects: int) -> str:
    """The size of a database or a pool: ``9 clips of 4 subjects``."""
    return f"{counted(clips, 'clip')} of {counted(subjects, 'subject')}"


def printable(text: str) -> str:
    """Escape the control characters in the text of a sheet, so that it can be printed."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def typed(path: Path) -> str:
    """A path as it must be typed in a command that is shown: quoted where it has a blank."""
    return shlex.quote(str(path))
