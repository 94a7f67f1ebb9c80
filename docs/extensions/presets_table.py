"""`{raicl-presets}`: every preset, what it is for, and the settings it changes."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from tables import Row, code, table

from raicl.train.settings.presets import FOLDER, load_preset, preset_names

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def opening_comment(toml: str) -> str:
    """The comment that a TOML file begins with, as one text."""
    lines = takewhile(lambda line: line.startswith("#"), toml.splitlines())
    return " ".join(line.removeprefix("#").strip() for line in lines)


def describe_preset(name: str) -> Row:
    """The row of a preset, whose anchor is such as ``preset-tiny``."""
    comment = opening_comment((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    changes = [f"{key} {_plain(value)}" for key, value in load_preset(name).items()]
    return Row((code(name), code(*changes) or "nothing", comment), f"preset-{name.lower()}")


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class PresetsTable(SphinxDirective):
    """Every preset."""

    def run(self) -> list[nodes.Node]:
        """A row for each."""
        for name in preset_names():
            self.env.note_dependency(str(FOLDER / f"{name}.toml"))
        rows = map(describe_preset, preset_names())
        return [table(["preset", "changes", "what it is"], rows)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("raicl-presets", PresetsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
