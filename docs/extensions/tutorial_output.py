"""`{printed} NAME` and `{made} PATH.png`: what the tutorial's commands wrote.

``{printed}`` shows what the block of commands before it printed; its name is unique on the page,
and ``:lines: 1-4,9-`` chooses lines. ``{made}`` shows a picture; ``:alt:`` says what is on it.
Both may stand on any page, and mean the commands of ``tutorial.md``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from tutorial_page import read_blocks
from tutorial_run import Run, run_tutorial

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_runs: dict[Path, Run] = {}  # by source folder: one run for a build


def start(app: Sphinx) -> None:
    """Run the tutorial, unless a run of the same commands and package is kept."""
    source = Path(app.srcdir)
    page = (source / "tutorial.md").read_text(encoding="utf-8")
    try:
        _runs[source] = run_tutorial(read_blocks(page), source.parent / "build" / "tutorial")
    except (RuntimeError, ValueError) as error:
        raise ExtensionError(str(error)) from error


def run_of(directive: SphinxDirective) -> Run:
    """The build's run, noted as something that the directive's page depends on."""
    run = _runs[Path(directive.env.srcdir)]
    directive.env.note_dependency(str(run.stamp))
    return run


def choose_lines(text: str, spec: str) -> str:
    """Lines such as ``1-4,9-`` of a text, with dots for those between."""
    lines = text.splitlines()
    chosen: list[str] = []
    end = 0
    for part in spec.split(","):
        first, dash, last = part.strip().partition("-")
        start = int(first or 1)
        if start > end + 1:
            chosen.append("...")
        end = min(int(last or len(lines)) if dash else start, len(lines))
        chosen += lines[start - 1 : end]
    if end < len(lines):
        chosen.append("...")
    return "\n".join(chosen)


class Printed(SphinxDirective):
    """What a block of commands printed."""

    required_arguments = 1
    option_spec: ClassVar = {"lines": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Show it as it was printed."""
        printed = run_of(self).printed
        if self.arguments[0] not in printed:
            raise self.error(f"the tutorial prints nothing called {self.arguments[0]}")
        text = printed[self.arguments[0]]
        if "lines" in self.options:
            text = choose_lines(text, self.options["lines"])
        return [nodes.literal_block(text, text, language="text", classes=["printed"])]


class Made(SphinxDirective):
    """A picture that the commands made."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Show it, with a link to it in its own size."""
        picture = run_of(self).folder / self.arguments[0]
        if not picture.is_file():
            raise self.error(f"the tutorial makes no {self.arguments[0]}")
        if "alt" not in self.options:
            raise self.error("a picture needs :alt:, for readers who do not see it")
        page = Path(self.env.doc2path(self.env.docname))
        uri = Path(os.path.relpath(picture, page.parent)).as_posix()
        image = nodes.image(uri=uri, alt=self.options["alt"], width="100%", classes=["made"])
        return [nodes.paragraph("", "", image, classes=["made-box"])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both directives, and the run that they show."""
    app.connect("builder-inited", start)
    app.add_directive("printed", Printed)
    app.add_directive("made", Made)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
