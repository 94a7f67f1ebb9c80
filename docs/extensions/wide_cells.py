"""Columns with long texts keep a width at which they can be read; the table then scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_CLASSES = ((60, "long-text"), (24, "text"))  # by the longest cell of a column, characters


def width_class(texts: list[str]) -> str:
    """The class of a column with these cells, or nothing for one of short words."""
    longest = max(map(len, texts), default=0)
    return next((name for least, name in _CLASSES if longest > least), "")


class WideCells(SphinxTransform):
    """Give the cells of columns with long texts a class that the style sheet knows."""

    default_priority: ClassVar = 900

    def apply(self, **_kwargs: Any) -> None:
        """Mark the cells of every table."""
        for group in self.document.findall(nodes.tgroup):
            rows = [list(row.findall(nodes.entry)) for row in group.findall(nodes.row)]
            for column in zip(*rows, strict=False):
                if name := width_class([cell.astext() for cell in column]):
                    for cell in column:
                        cell["classes"].append(name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(WideCells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
