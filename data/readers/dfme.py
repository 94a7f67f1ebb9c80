"""DFME: one of its parts (training, test A, test B) with the sheet of that part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from raicl.common.order import comparable
from raicl.common.terminal.console import say
from raicl.data.disk.clip_folders import group_clips
from raicl.data.disk.nesting import find_trees
from raicl.data.disk.tree import leaves, subfolders
from raicl.data.readers.secondary import LAYOUT
from raicl.data.records import Database
from raicl.data.sheets.corrections import KnownError
from raicl.data.sheets.find import find_sheet
from raicl.data.sheets.rows import Naming, read_rows
from raicl.data.sheets.sheet import cell_text, read_sheet

_COLUMNS = {
    "subject": ("Subject",),
    "clip": ("Filename",),
    "onset": ("OnsetFrame",),
    "apex": ("ApexFrame",),
    "offset": ("OffsetFrame",),
    "emotion": ("Emotion",),
    "fps": ("Fps",),
}
_LOOKED_INTO = 20  # number of folders to search for the sheet; there are thousands of clips
_SHEET_NAME = re.compile(r"dfme", re.IGNORECASE)


def read_dfme(root: Path, annotations: Path | None, known: Sequence[KnownError]) -> Database:
    """Read a part of DFME: ``<Filename>/00012.png``, wherever the clips' folders are.

    The sheet counts frames from 0, and so do the file names, according to the only public loader.
    Each row has its own frame rate.

    Parameters
    ----------
    root : any folder above the frames, links resolved.
    annotations : the part's sheet, or None to look in `root` and the folders above it.
    known : corrections to apply.

    Raises
    ------
    InputError : there are no frames, no sheet or several, or the sheet is unusable.
    """
    path = find_sheet(root, _below(root), named=_SHEET_NAME, annotations=annotations)
    say(f"dfme: {LAYOUT}, so compare the counts with what its makers state; sheet {path}")
    rows = read_sheet(path, _COLUMNS).rows
    subjects = {
        comparable(cell_text(row.cells["clip"])): cell_text(row.cells["subject"]) for row in rows
    }
    trees = find_trees(
        root,
        lambda name: comparable(name) if comparable(name) in subjects else None,
        example="named as in the column Filename",
        hint="the folder of the part that the sheet describes",
    )
    folders = [folder for tree in trees for folder in tree.subjects.values()]
    return read_rows(
        rows,
        group_clips(folders, root, lambda name: (subjects[comparable(name)], name)),
        Naming(subject=lambda cell: cell_text(cell) or None, several=True),
        dataset="dfme",
        layout=LAYOUT,
        known=known,
    )


def _below(root: Path) -> list[Path]:
    """Two levels of folders that may hold the sheet. Some are clips, but only the sheet says so."""
    places, level = [], [root]
    for _ in range(2):
        below = [inner for folder in level for inner in subfolders(folder).values()]
        level = [folder for folder in below[:_LOOKED_INTO] if not leaves(folder, root)]
        places += level
    return places
