"""`{example} KIND`: a file of the tutorial's run as it lies on disk, shortened.

KIND is `manifest`, `index`, `shard`, `results.json`, `env.json`, `done.json`, `predictions.csv` or
`log.csv`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
from docutils import nodes
from hdf5_tree import show_file
from sphinx.util.docutils import SphinxDirective
from tutorial_output import run_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_INNERMOST = re.compile(r"\[[^\[\]{}]*\]")  # a list without lists or objects in it
_MANY, _FIRST, _ROWS = 12, 3, 6
_RUN, _FOLD = "first", "first/folds/synthetic/sub01"


def shorten(value: Any, *, many: int = _MANY, first: int = _FIRST) -> Any:
    """A JSON value in which long lists and objects end after their first members."""
    if isinstance(value, dict):
        kept = list(value.items())[: first if len(value) > many else None]
        short = {key: shorten(member, many=many, first=first) for key, member in kept}
        return short | ({"...": f"{len(value) - first} more"} if len(value) > many else {})
    if isinstance(value, list):
        kept_members = value[: first if len(value) > many else None]
        rest = [f"... {len(value) - first} more"] if len(value) > many else []
        return [*(shorten(member, many=many, first=first) for member in kept_members), *rest]
    return value


def pretty(values: dict[str, Any]) -> str:
    """JSON in which lists of plain values stay on one line."""
    text = json.dumps(values, indent=2, ensure_ascii=False)
    return _INNERMOST.sub(lambda found: f"[{' '.join(found[0][1:-1].split())}]", text)


def show_json(path: Path) -> str:
    """A file of JSON, each of its values shortened, programs by their name alone."""
    values = json.loads(path.read_text(encoding="utf-8"))
    scripts = f"{Path(sys.executable).parent}/"
    return pretty({key: shorten(value) for key, value in values.items()}).replace(scripts, "")


def show_manifest(index: Path) -> str:
    """The manifest of an index with its first record alone."""
    with h5py.File(index) as file:
        values = json.loads(file["manifest"][()].tobytes())
    rest = len(values["records"]) - 1
    values["records"] = [values["records"][0], f"... {rest} more"]
    return pretty(values)


def show_lines(path: Path, rows: int = _ROWS) -> str:
    """The first lines of a table."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join([*lines[:rows], *(["..."] if len(lines) > rows else [])])


def first_shard(run: Path) -> Path:
    """The shard whose name comes first."""
    return min((run / "flows.h5.shards").glob("*.h5"))


_KINDS: dict[str, tuple[str, Callable[[Path], str]]] = {
    "manifest": ("json", lambda run: show_manifest(run / "flows.h5")),
    "index": ("text", lambda run: show_file(run / "flows.h5", name="flows.h5")),
    "shard": ("text", lambda run: show_file(first_shard(run), name=first_shard(run).name)),
    "results.json": ("json", lambda run: show_json(run / _RUN / "results.json")),
    "env.json": ("json", lambda run: show_json(run / _RUN / "env.json")),
    "done.json": ("json", lambda run: show_json(run / _FOLD / "done.json")),
    "predictions.csv": ("text", lambda run: show_lines(run / _RUN / "predictions.csv")),
    "log.csv": ("text", lambda run: show_lines(run / _FOLD / "log.csv")),
}


class Example(SphinxDirective):
    """A file of the tutorial's run."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Show the file."""
        if self.arguments[0] not in _KINDS:
            raise self.error(f"{self.arguments[0]} is none of {', '.join(_KINDS)}")
        language, show = _KINDS[self.arguments[0]]
        text = show(run_of(self).folder)
        return [nodes.literal_block(text, text, language=language, classes=["example"])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.setup_extension("tutorial_output")
    app.add_directive("example", Example)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
