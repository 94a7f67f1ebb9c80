"""CASME II: any of its three releases, with either version of its sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.order import comparable
from raicl.common.terminal.console import say
from raicl.common.terminal.wording import printable
from raicl.data.disk.locate import ambiguous
from raicl.data.disk.nesting import Tree, choose_tree, find_trees
from raicl.data.disk.tree import Unusable, list_frames
from raicl.data.readers.numbered import Numbered
from raicl.data.records import Database
from raicl.data.sheets.corrections import KnownError
from raicl.data.sheets.find import find_sheets
from raicl.data.sheets.rows import Naming, place_row, read_rows
from raicl.data.sheets.sheet import Sheet, cell_integer, cell_text, read_sheet

FPS = 200.0
# Full frames come first, because raicl aligns faces itself. Of these, the smaller release.
LAYOUTS = ("raw-selected", "raw-full", "cropped")
SUBJECTS = Numbered("sub", 2)

_NAMING = Naming(subject=SUBJECTS.of_cell)
_LOOKED_AT = 20  # number of clips that decide which release it is

_COLUMNS = {
    "subject": ("Subject", "sub"),
    "clip": ("Filename",),
    "onset": ("OnsetFrame", "Onset"),
    "apex": ("ApexFrame", "Apex"),
    "offset": ("OffsetFrame", "Offset"),
    "emotion": ("Estimated Emotion", "Emotion"),
    "objective": ("Objective Classes", "Objective Class"),
}
_SPLIT = {"split": ("Split",)}  # in no release, only in sheets of `raicl synth --test-clips`
_SHEET_NAME = re.compile(r"casme.?(2|ii).*coding", re.IGNORECASE)
# Clips whose emotion is sadness in the sheet of 2014 and surprise in that of 2019.
_RELABELLED = {("sub24", "ep07_01"), ("sub24", "ep07_04f"), ("sub24", "ep10_03")}


def read_casme2(
    root: Path,
    annotations: Path | None,
    known: Sequence[KnownError],
    *,
    dataset: str = "casme2",
) -> Database:
    """Read CASME II, or a database that imitates its layout under another key.

    Parameters
    ----------
    root : the folder of the subjects or any folder above it, links resolved.
    annotations : the sheet, or None to look beside the frames and in the folders above `root`.
    known : corrections to apply.
    dataset : key of the database.

    Raises
    ------
    InputError : there are no frames, no sheet or several that differ, the sheet is unusable, or a
        split is neither ``train`` nor ``test``.
    """
    trees = find_trees(
        root, SUBJECTS.of_folder, example="sub01, sub02, ...", hint="CASME2_RAW_selected"
    )
    columns = _COLUMNS if dataset == "casme2" else _COLUMNS | _SPLIT
    sheet, version = _choose_sheet(root, trees, annotations, columns)
    _check_splits(sheet)
    say(f"{dataset}: sheet of {version}, {sheet.path}")
    known_trees = [(tree, _layout(tree, sheet)) for tree in trees]
    tree, layout = choose_tree(known_trees, LAYOUTS, root)
    say(f"{dataset}: frames of layout {layout}, {tree.path}")
    return read_rows(
        sheet.rows,
        tree,
        _NAMING,
        dataset=dataset,
        layout=layout,
        known=known,
        version=version,
        fps=FPS,
    )


def sheet_version(sheet: Sheet) -> str:
    """``2014`` or ``2019``, by the clips that they label differently, else by the columns."""
    for row in sheet.rows:
        key = SUBJECTS.of_cell(row.cells["subject"]), comparable(cell_text(row.cells["clip"]))
        if key in _RELABELLED:
            return "2019" if comparable(cell_text(row.cells["emotion"])) == "surprise" else "2014"
    return "2019" if "objective" in sheet.columns else "2014"


def _check_splits(sheet: Sheet) -> None:
    """Refuse a sheet with a wrong split, because splits decide what is trained on."""
    if "split" not in sheet.columns:
        return
    for row in sheet.rows:
        split = cell_text(row.cells["split"])
        if split not in ("train", "test"):
            raise InputError(
                f"row {row.number}: the split {printable(split)[:40]!r} is neither train nor test",
                where=str(sheet.path),
                fix="write train or test into every row, or remove the column",
            )


def _choose_sheet(
    root: Path,
    trees: Sequence[Tree],
    annotations: Path | None,
    columns: Mapping[str, Sequence[str]],
) -> tuple[Sheet, str]:
    """Choose the sheet: if both official versions are here, 2014, which defines the CDE list."""
    paths = find_sheets(
        root, [tree.path for tree in trees], named=_SHEET_NAME, annotations=annotations
    )
    sheets: dict[str, Sheet] = {}
    for path in paths:
        sheet = read_sheet(path, columns, optional={"objective", "split"} & columns.keys())
        version = sheet_version(sheet)
        if version in sheets:
            raise ambiguous([sheets[version].path, path], "--annotations FILE")
        sheets[version] = sheet
    version = min(sheets)
    if len(sheets) > 1:
        say(f"sheets of {' and '.join(sorted(sheets))} are here: {version} defines the CDE list")
    return sheets[version], version


def _layout(tree: Tree, sheet: Sheet) -> str | None:
    """Which release a tree is; None if it holds none of the annotated clips.

    Cropped frames are called ``reg_img46.jpg``, raw ones ``img46.jpg``. Of the two raw releases,
    only the full one has frames outside onset..offset.
    """
    cropped, wider, looked_at = False, 0, 0
    for row in sheet.rows:
        onset, offset = cell_integer(row.cells["onset"]), cell_integer(row.cells["offset"])
        place = place_row(row, tree, _NAMING)
        if place.folder is None or onset is None or offset is None:
            continue  # listed with its reason when the rows are read
        try:
            listing = list_frames(place.folder, tree.root)
        except Unusable:
            continue  # listed as well
        if not listing.frames:
            continue
        cropped |= listing.registered
        wider += min(listing.frames) < onset or max(listing.frames) > offset
        looked_at += 1
        if looked_at == _LOOKED_AT:
            break
    if not looked_at:
        return None
    if cropped:
        return "cropped"
    return "raw-full" if 2 * wider > looked_at else "raw-selected"
