"""CAS(ME)^2, also CASME_sq: long videos, and a workbook whose three sheets have no header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.order import comparable
from raicl.common.terminal.console import say
from raicl.data.disk.clip_folders import PlacedClips
from raicl.data.disk.nesting import Tree, choose_tree, find_trees
from raicl.data.readers.numbered import Numbered
from raicl.data.readers.secondary import LAYOUT
from raicl.data.records import Database
from raicl.data.sheets.corrections import KnownError
from raicl.data.sheets.find import find_sheet
from raicl.data.sheets.rows import Naming, holds_any, read_rows
from raicl.data.sheets.sheet import SheetRow, cell_integer, cell_text, read_grids

FPS = 30.0
SUBJECTS = Numbered("s", 2)

_SHEET_NAME = re.compile(r"code.?final", re.IGNORECASE)
# columns of the first sheet; column 5 lists action units, the last one holds self-reports
_COLUMNS = {"subject": 0, "clip": 1, "onset": 2, "apex": 3, "offset": 4, "emotion": 6, "kind": 7}
_VIDEO = re.compile(r"[0-9]+_([0-9]{4}).*")
_NAMING = Naming(subject=SUBJECTS.of_cell, several=True, always_onset=True, whole_videos=True)


def read_casme_sq(root: Path, annotations: Path | None, known: Sequence[KnownError]) -> Database:
    """Read the micro-expressions of CAS(ME)^2: ``rawpic/s15/15_0101.../img001.jpg``.

    A clip is named by the four digits of its video and by its onset. If there are several trees of
    subjects, those in ``rawpic`` count.

    Parameters
    ----------
    root : any folder above the frames, links resolved.
    annotations : the workbook, or None to look beside the frames and in the folders above `root`.
    known : corrections to apply.

    Raises
    ------
    InputError : there are no frames, no workbook or several that differ, or it is unusable.
    """
    trees = find_trees(root, SUBJECTS.of_folder, example="s15, s16, ...", hint="rawpic")
    path = find_sheet(
        root, [tree.path for tree in trees], named=_SHEET_NAME, annotations=annotations
    )
    say(f"casme_sq: {LAYOUT}, so compare the counts with what its makers state; sheet {path}")
    rows = _read_rows(path)
    raw = [tree for tree in trees if "rawpic" in map(comparable, tree.path.parts)] or trees
    tree, layout = choose_tree(
        [(t, LAYOUT if holds_any(rows, _videos(t), _NAMING) else None) for t in raw],
        [LAYOUT],
        root,
    )
    return read_rows(
        rows, _videos(tree), _NAMING, dataset="casme_sq", layout=layout, known=known, fps=FPS
    )


def _read_rows(path: Path) -> tuple[SheetRow, ...]:
    """The rows of micro-expressions, with subject and video named like the folders.

    The second sheet maps subjects to their folders' numbers, the third maps videos to digits.
    """
    grids = list(read_grids(path).values())
    if len(grids) < 3 or not all(grids[:3]):
        raise InputError(
            "the workbook lacks the three sheets of codes, subjects and videos",
            where=str(path),
            fix="name the official code_final.xlsx with --annotations FILE",
        )
    codes, subjects, videos = grids[:3]
    numbers = {cell_text(_at(line, 2)): cell_text(_at(line, 1)).lstrip("sS") for line in subjects}
    digits = {comparable(cell_text(_at(line, 1))): cell_integer(_at(line, 0)) for line in videos}
    rows = []
    for number, line in enumerate(codes, start=1):
        cells = {name: _at(line, place) for name, place in _COLUMNS.items()}
        if "micro" not in comparable(cell_text(cells["kind"])):
            continue
        written = cell_text(cells["subject"])
        cells["subject"] = numbers.get(written) or f"{written}, which the second sheet lacks"
        video = digits.get(comparable(cell_text(cells["clip"])).split("_")[0])
        cells["clip"] = cells["clip"] if video is None else f"{video:04d}"
        rows.append(SheetRow(number, cells))
    say(f"casme_sq: {len(codes) - len(rows)} rows of other than micro-expressions are left out")
    return tuple(rows)


def _at(line: Sequence[object], place: int) -> object:
    return line[place] if place < len(line) else None


def _videos(tree: Tree) -> PlacedClips:
    def place(name: str, folder: Path) -> tuple[str, Path]:
        found = _VIDEO.fullmatch(name)
        return (found[1] if found else name), folder

    return PlacedClips(tree, place)
