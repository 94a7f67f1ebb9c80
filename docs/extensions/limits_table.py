"""`{raicl-limits}`: the limits of `raicl.common.limits`, each with its value and its reason."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from tables import Row, code, table

from raicl.common import limits

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_LIMIT = re.compile(r"^([A-Z_]+) = .+?  # ([^;\n]+); (.+)$", re.MULTILINE)


def describe_limits(source: str) -> list[Row]:
    """A row for each constant: its name, its value, what it is of, and the reason."""
    found = _LIMIT.findall(source)
    return [Row((code(name), _number(getattr(limits, name)), of, why)) for name, of, why in found]


def _number(value: int | tuple[int, int]) -> str:
    if isinstance(value, tuple):
        return f"{value[0]} to {value[1]}"
    for power, unit in ((30, "Gi"), (20, "Mi")):
        if value % (1 << power) == 0:
            return f"{value >> power} {unit}"
    return f"{value:,}"


class LimitsTable(SphinxDirective):
    """Every limit."""

    def run(self) -> list[nodes.Node]:
        """A row for each."""
        self.env.note_dependency(inspect.getfile(limits))
        rows = describe_limits(inspect.getsource(limits))
        return [table(["name", "limit", "of", "why"], rows)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("raicl-limits", LimitsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
