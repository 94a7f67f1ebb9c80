"""`{raicl-promises} fault`: the promises of a kind, with the tests that prove them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from tables import Row, code, table

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # the tests are no part of the package

from tests.promises import FOLDER, Promise, promises  # noqa: E402

UNPROVEN = "not proven by a test"


def describe_promise(row: Promise) -> Row:
    """The row of a promise, whose anchor is such as ``fault-12``."""
    number = row.name.split()[1]
    tests = "; ".join(f"{code(*names)} in `{path}`" for path, names in sorted(row.tests.items()))
    proven = tests or f"{UNPROVEN}: {row.unproven}"
    return Row((number, row.when, row.then, proven), row.name.replace(" ", "-"))


class PromisesTable(SphinxDirective):
    """The promises of a kind."""

    required_arguments: ClassVar = 1

    def run(self) -> list[nodes.Node]:
        """A row for each."""
        for path in (FOLDER / "promises.toml", *FOLDER.rglob("test_*.py")):
            self.env.note_dependency(str(path))
        rows = [row for row in promises().values() if row.kind == self.arguments[0]]
        titles = ["", "what happens", "what raicl does", "proven by"]
        return [table(titles, map(describe_promise, rows))]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("raicl-promises", PromisesTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
