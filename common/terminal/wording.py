"""Wording: numbers in sentences."""


def counted(number: int, noun: str) -> str:
    """The number with its noun, which takes an s unless it is one: ``1 clip``, ``0 clips``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def clips_of_subjects(clips: int, subjects: int) -> str:
    """How large a database or a pool is: ``9 clips of 4 subjects``."""
    return f"{counted(clips, 'clip')} of {counted(subjects, 'subject')}"


def printable(text: str) -> str:
    """Text of a sheet as it may be printed: control characters escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
