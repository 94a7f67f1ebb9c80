"""CAS(ME)^3, part A: whole videos or the release cut into clips, with its sheet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from raicl.common.terminal.console import say
from raicl.data.casme3_tree import LAYOUTS, find_layout, folders_of, naming_of, of_folder
from raicl.data.corrections import KnownError
from raicl.data.database import Database
from raicl.data.locate import ambiguous, find_sheets
from raicl.data.nesting import choose_tree, find_trees
from raicl.data.rows import read_rows
from raicl.data.sheet import Row, Sheet, as_text, read_sheet
from raicl.data.tree import fold

FPS = 30.0

_COLUMNS = {
    "subject": ("Subject",),
    "clip": ("Filename",),
    "onset": ("Onset",),
    "apex": ("Apex",),
    "offset": ("Offset",),
    "emotion": ("emotion",),
    "kind": ("Expression type",),
}
_SHEET_NAME = re.compile(r"part.?a.*me.?label", re.IGNORECASE)
_VERSION = re.compile(r"v([0-9])(?![0-9])", re.IGNORECASE)


def read_casme3(root: Path, annotations: Path | None, known: Sequence[KnownError]) -> Database:
    """Read part A of CAS(ME)^3.

    Frame numbers are those in the file names. A video holds several expressions, so every clip is
    called by its onset too (``casme3/spNO.1/a@166``). Depth is not read.

    Parameters
    ----------
    root : resolved; the folder of the subjects or the clips, or any folder above it.
    annotations : the sheet, or None to look beside the frames, in the folders above `root`, and
        in a folder ``annotation`` in any of them.
    known : corrections to apply.

    Raises
    ------
    InputError : no frames, no sheet or several that differ, or an unusable sheet.
    """
    trees = find_trees(root, of_folder, example="spNO.1, spNO.2, ...", hint="part_A_split")
    sheet, version = _choose_sheet(root, [tree.path for tree in trees], annotations)
    say(f"casme3: sheet {version or 'of unknown version'}, {sheet.path}")
    rows = _micro(sheet.rows)
    tree, layout = choose_tree([(tree, find_layout(tree, rows)) for tree in trees], LAYOUTS, root)
    say(f"casme3: frames of layout {layout}, {tree.path}")
    return read_rows(
        rows,
        folders_of(tree),
        naming_of(tree),
        dataset="casme3",
        layout=layout,
        known=known,
        version=version,
        fps=FPS,
    )


def _choose_sheet(root: Path, trees: Sequence[Path], annotations: Path | None) -> tuple[Sheet, str]:
    """The sheet and its version, which only the file's name tells; the latest of several."""
    paths = find_sheets(
        root, trees, named=_SHEET_NAME, annotations=annotations, inside="annotation"
    )
    versions = {path: _version(path) for path in paths}
    known = {version for version in versions.values() if version}
    if len(paths) > 1 and len(known) < len(paths):
        raise ambiguous(paths, "--annotations FILE")
    if len(paths) > 1:
        say(f"sheets {', '.join(sorted(known))} are here: the latest is read")
    latest = max(paths, key=_version)
    return read_sheet(latest, _COLUMNS, optional={"kind"}), versions[latest]


def _version(path: Path) -> str:
    found = _VERSION.search(path.name)
    return f"v{found[1]}" if found else ""


def _micro(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The micro-expressions of a sheet that has macro-expressions too."""
    kept = tuple(row for row in rows if "macro" not in fold(as_text(row.cells.get("kind"))))
    if len(kept) < len(rows):
        say(f"casme3: {len(rows) - len(kept)} macro-expressions of the sheet are left out")
    return kept
