"""Docstrings of the house style, rewritten for napoleon before it reads them.

An entry ``name : what it is`` has no type, since the signature has it. Napoleon would read the text
as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docstring_entries import read_entries, section_lines

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_VALUES = ("property", "attribute", "data")
_SECTIONS = ("Parameters", "Attributes", "Raises")


def rewrite(lines: list[str]) -> list[str]:
    """The lines of a docstring with the text of every entry on a line of its own."""
    text = "\n".join(lines)
    for title in _SECTIONS:
        body = section_lines(text, title)
        if not body:
            continue
        entries = read_entries(body)
        if title == "Attributes":  # napoleon takes the first of several names for a type
            entries = [((name,), what) for names, what in entries for name in names]
        fresh = [part for names, what in entries for part in (", ".join(names), f"    {what}")]
        text = text.replace("\n".join(body), "\n".join([*fresh, ""]), 1)
    return [escape_bars(line) for line in text.splitlines()]


def escape_bars(line: str) -> str:
    """A line whose ``|flow|`` is a magnitude, and not a substitution of reStructuredText."""
    parts = line.split("``")
    return "``".join(part if i % 2 else part.replace("|", r"\|") for i, part in enumerate(parts))


def _process(
    _app: Sphinx, what: str, _name: str, _subject: object, _options: object, lines: list[str]
) -> None:
    lines[:] = rewrite(lines)
    if what in _VALUES:
        # an empty comment; else what stands before a colon would be taken for the type
        lines[:0] = ["..", ""]


def _skip(
    _app: Sphinx, _what: str, _name: str, member: object, _skip: bool, _options: object
) -> bool | None:
    """Leave out the fields of a named tuple, whose docstrings Python makes."""
    return True if (getattr(member, "__doc__", "") or "").startswith("Alias for field") else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect before napoleon, whose priority is 500."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
