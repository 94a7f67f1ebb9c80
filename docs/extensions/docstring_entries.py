"""The house style of docstrings: sections whose entries are ``name, other : what it is``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence

_ENTRY = re.compile(r"(\*{0,2}\w[\w.]*(?:, \*{0,2}\w[\w.]*)*) : (\S.*)")
_NEXT = re.compile(r"; (?=(\w+(?:, \w+)*) : )")
Entry = tuple[tuple[str, ...], str]


def section_lines(docstring: str, title: str) -> list[str]:
    """The lines below a title that is underlined with dashes, up to the next title."""
    lines = inspect.cleandoc(docstring).splitlines()
    for row, line in enumerate(lines[:-1]):
        if line == title and lines[row + 1] == "-" * len(title):
            break
    else:
        return []
    body = lines[row + 2 :]
    underlines = (i for i, line in enumerate(body) if line and not line.strip("-") and i)
    return body[: next(underlines, len(body) + 1) - 1]


def read_entries(lines: Sequence[str]) -> list[Entry]:
    """Names and texts of a section, whose texts may continue on indented lines."""
    joined: list[str] = []
    for line in lines:
        if line.startswith(" ") and joined:
            joined[-1] += " " + line.strip()
        elif line.strip():
            joined.append(line.strip())
    entries: list[Entry] = []
    for text in joined:
        for part in _split(text):
            if found := _ENTRY.fullmatch(part):
                entries.append((tuple(found[1].split(", ")), found[2]))
    return entries


def _split(text: str) -> list[str]:
    """Entries that share a line: ``clips : all; done : those that have ended``."""
    cuts = [found.start() for found in _NEXT.finditer(text)]
    starts = [0, *(cut + 2 for cut in cuts)]
    return [text[a:b] for a, b in zip(starts, [*cuts, len(text)], strict=True)]
