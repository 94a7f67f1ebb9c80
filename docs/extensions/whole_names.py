"""What a browser may not break at the end of a line: short names, and a formula from its comma."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_LONGEST = 26  # characters; more would widen a column of a table, or the page of a telephone
_AFTER, _BEFORE = ".,;:)]", "(["


class WholeNames(SphinxTransform):
    """Give short code, and formulas with the signs beside them, the class ``whole``."""

    default_priority: ClassVar = 900

    def apply(self, **_kwargs: Any) -> None:
        """Mark every such node of a page."""
        for node in self.document.findall(nodes.literal):
            if len(node.astext()) <= _LONGEST:
                node["classes"].append("whole")
        for formula in list(self.document.findall(nodes.math)):
            join_signs(formula)


def join_signs(formula: nodes.math) -> None:
    """Put a formula, the bracket before it and the comma behind it into one node."""
    parent = formula.parent
    place = parent.index(formula)
    before = parent[place - 1] if place else None
    after = parent[place + 1] if place + 1 < len(parent) else None
    whole = nodes.inline(classes=["whole"])
    if isinstance(before, nodes.Text) and before.endswith(tuple(_BEFORE)):
        whole += nodes.Text(before[-1])
        parent.replace(before, nodes.Text(before[:-1]))
    whole += formula.deepcopy()
    if isinstance(after, nodes.Text) and after.startswith(tuple(_AFTER)):
        whole += nodes.Text(after[0])
        parent.replace(after, nodes.Text(after[1:]))
    if len(whole) > 1:
        parent.replace(formula, whole)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(WholeNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
