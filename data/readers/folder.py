"""The user's own clips: ``DIR/<subject>/<clip>/*.jpg`` (or png, bmp, tif, webp) and a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.data.disk.locate import ambiguous
from raicl.data.disk.nesting import Tree
from raicl.data.disk.tree import files, match, subfolders
from raicl.data.records import Database
from raicl.data.sheets.corrections import KnownError
from raicl.data.sheets.rows import Naming, read_rows
from raicl.data.sheets.sheet import Sheet, cell_text, read_sheet

_COLUMNS = {
    "subject": ("subject",),
    "clip": ("clip",),
    "onset": ("onset",),
    "offset": ("offset",),
    "emotion": ("emotion",),
    "apex": ("apex",),
    "fps": ("fps",),
}


def read_folder(root: Path, annotations: Path | None, known: Sequence[KnownError]) -> Database:
    """Read a folder of the user's own clips.

    The table has the columns subject, clip, onset, offset and emotion, and may have apex and fps.
    Without `annotations` it is the only ``.csv`` in `root`. Subjects and clips are named like their
    folders. A clip may have several rows, one per onset.

    Parameters
    ----------
    root : folder that contains the subjects' folders, links resolved.
    annotations : the table, or None to look in `root`.
    known : empty, because no corrections are published for own clips.

    Raises
    ------
    InputError : there is no table or several, or it is unusable.
    """
    assert not known, "there are no corrections for own clips"
    sheet = _table(annotations or _find_table(root))
    tree = Tree(root, subfolders(root), root)
    naming = Naming(
        subject=lambda cell: match(cell_text(cell), tree.subjects) or cell_text(cell),
        as_on_disk=True,
        several=True,
    )
    return read_rows(sheet.rows, tree, naming, dataset="folder", layout="folder")


def _find_table(root: Path) -> Path:
    tables = [path for path in files(root, root) if path.suffix.lower() == ".csv"]
    if len(tables) > 1:
        raise ambiguous(tables, "--annotations FILE")
    if tables:
        return tables[0]
    near = [p for p in (root.parent, *subfolders(root).values()) if _has_table(p)]
    raise InputError(
        "no .csv with the columns subject, clip, onset, offset and emotion here",
        where=str(root),
        fix=f"did you mean --root {near[0]}?"
        if near
        else "write one, or name it with --annotations FILE",
    )


def _has_table(folder: Path) -> bool:
    try:
        tables = [path for path in files(folder, folder) if path.suffix.lower() == ".csv"]
        return len(tables) == 1 and bool(_table(tables[0]))
    except InputError:
        return False  # the result is only used for a suggestion


def _table(path: Path) -> Sheet:
    return read_sheet(path, _COLUMNS, optional={"apex", "fps"})
