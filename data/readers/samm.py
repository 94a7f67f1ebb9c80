"""SAMM: full frames or crops of them, with its sheet of FACS codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from raicl.common.terminal.console import say
from raicl.data.disk.nesting import Tree, choose_tree, find_trees
from raicl.data.readers.numbered import Numbered
from raicl.data.records import Database
from raicl.data.sheets.corrections import KnownError
from raicl.data.sheets.find import find_sheet
from raicl.data.sheets.rows import Naming, holds_any, read_rows
from raicl.data.sheets.sheet import SheetRow, read_sheet

FPS = 200.0
# Full frames come first, because raicl aligns faces itself. The makers published no crops.
LAYOUTS = ("raw", "cropped")
SUBJECTS = Numbered("", 3)

_COLUMNS = {
    "subject": ("Subject", "sub"),
    "clip": ("Filename",),
    "onset": ("Onset Frame", "Onset"),
    "apex": ("Apex Frame", "Apex"),
    "offset": ("Offset Frame", "Offset"),
    "emotion": ("Estimated Emotion", "Emotion"),
}
_SHEET_NAME = re.compile(r"samm.*facs", re.IGNORECASE)
_NAMING = Naming(subject=SUBJECTS.of_cell)


def read_samm(root: Path, annotations: Path | None, known: Sequence[KnownError]) -> Database:
    """Read SAMM.

    Frames are named by the subject and a number (``006_05562.jpg``). It has four or five digits,
    depending on the recording. A folder may hold frames outside onset..offset.

    Parameters
    ----------
    root : the folder of the subjects or any folder above it, links resolved.
    annotations : the sheet, or None to look beside the frames and in the folders above `root`.
    known : corrections to apply.

    Raises
    ------
    InputError : there are no frames, no sheet or several that differ, or the sheet is unusable.
    """
    trees = find_trees(root, SUBJECTS.of_folder, example="006, 007, ...", hint="SAMM")
    path = find_sheet(
        root, [tree.path for tree in trees], named=_SHEET_NAME, annotations=annotations
    )
    sheet = read_sheet(path, _COLUMNS)
    say(f"samm: sheet {path}")
    known_trees = [(tree, _layout(tree, sheet.rows)) for tree in trees]
    tree, layout = choose_tree(known_trees, LAYOUTS, root)
    say(f"samm: frames of layout {layout}, {tree.path}")
    return read_rows(sheet.rows, tree, _NAMING, dataset="samm", layout=layout, known=known, fps=FPS)


def _layout(tree: Tree, rows: Sequence[SheetRow]) -> str | None:
    """``cropped`` or ``raw``, by the names of the folders, because nothing else distinguishes them.

    None if the tree holds none of the annotated clips: folders with three digits are common.
    """
    if not holds_any(rows, tree, _NAMING):
        return None
    names = tree.path.relative_to(tree.root.parent).parts
    return "cropped" if any("crop" in name.casefold() for name in names) else "raw"
