"""Short code in a sentence stays on one line: a browser would break ``--fold`` after its dashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_LONGEST = 26  # characters; more would widen a column of a table, or the page of a telephone


class WholeNames(SphinxTransform):
    """Give short code the class ``whole``, which the style sheet knows."""

    default_priority: ClassVar = 900

    def apply(self, **_kwargs: Any) -> None:
        """Mark every such node of a page."""
        for node in self.document.findall(nodes.literal):
            if len(node.astext()) <= _LONGEST:
                node["classes"].append("whole")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(WholeNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
