"""The order of names in both stages, and the form in which names are compared."""

from __future__ import annotations

import re
import unicodedata


def comparable(name: str) -> str:
    """The form of a name for comparison: compatibility characters unified, lower case, trimmed."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Sort key under which ``img9`` comes before ``img10``, and ``img`` before both.

    Runs of digits compare by value and come before letters. Letters compare by `comparable`.
    Names that are still equal (``sub1``, ``sub01``) compare by their raw text.
    """
    parts = [part for part in re.split(r"([0-9]+)", comparable(name)) if part]
    return tuple(_number(part) if part[0] in "0123456789" else (1, 0, part) for part in parts), name


def _number(digits: str) -> tuple[int, int, str]:
    """Key that compares numbers by length, then digits: `int` refuses very long ones."""
    value = digits.lstrip("0")
    return 0, len(value), value
