"""Tables as docutils nodes, and sentences in which names are set as code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from docutils import nodes

# `code`, or an option such as --fold where no letter or dash is before it
_CODE = re.compile(r"``(.+?)``|`([^`]+)`|(?<![\w-])(--[a-z][a-z0-9-]*)")


@dataclass(frozen=True)
class Row:
    """The cells of a row, as `prose` reads them, and the anchor by which a link finds it."""

    cells: tuple[str, ...]
    anchor: str = ""


def code(*words: object) -> str:
    """The words as `prose` reads code, with commas between them; an empty one as its quotes."""
    return ", ".join(f"`{word}`" if word != "" else '`""`' for word in words)


def prose(text: str) -> list[nodes.Node]:
    """A sentence as nodes: what stands in backticks, and options, as code."""
    found: list[nodes.Node] = []
    end = 0
    for match in _CODE.finditer(text):
        if match.start() > end:
            found.append(nodes.Text(text[end : match.start()]))
        word = next(group for group in match.groups() if group)
        found.append(nodes.literal("", word))
        end = match.end()
    if text[end:]:
        found.append(nodes.Text(text[end:]))
    return found


def table(titles: Sequence[str], rows: Iterable[Row]) -> nodes.table:
    """A table that scrolls inside its own box where the page is narrow."""
    group = nodes.tgroup("", cols=len(titles))
    group += [nodes.colspec(colwidth=1) for _ in titles]
    group += nodes.thead("", _row(Row(tuple(titles))))
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group, classes=["colwidths-auto", "made-table"])


def _row(row: Row) -> nodes.row:
    cells = [nodes.entry("", nodes.paragraph("", "", *prose(cell))) for cell in row.cells]
    return nodes.row("", *cells, ids=[row.anchor] if row.anchor else [])
