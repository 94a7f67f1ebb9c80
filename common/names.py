"""Names: the one rule for subjects, which name folders of a run, and paths that are no Unicode."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from raicl.common.errors import InputError


def name_problem(name: str) -> str:
    """Why a name cannot be a subject's or a database's, or empty if it can.

    It has no slash and no backslash, is not ``.`` or ``..``, and holds only what can be printed: no
    control character, no blank but the plain one, nothing invisible, nothing that is not Unicode.
    """
    if name.strip(" .") == "":
        return "no letter and no digit in its name"
    for letter in name:
        if letter in "/\\":
            return f"{letter} in its name"
        if not letter.isprintable():
            known = unicodedata.name(letter, "a character that cannot be printed")
            return f"U+{ord(letter):04X} ({known.lower()}) in its name"
    return ""


def unicode_path(path: Path) -> str:
    """A path for a library that takes Unicode alone, and crashes on anything else.

    Raises
    ------
    InputError : a part of the path is not UTF-8, which file systems allow.
    """
    text = str(path)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputError(
            "a path that is not UTF-8, which OpenCV's videos need",
            where=text,
            fix="rename the file or folder whose name shows as ?",
        )
    return text
