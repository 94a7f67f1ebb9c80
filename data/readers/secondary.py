"""Databases whose layout is known only from other people's code, with a table of columns for each.

The files of CASME, MMEW and 4DME were not at hand. The readers follow what public loaders agree on,
and the audit says so. A folder or column with another name is an error or is listed. It is never
guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.order import comparable
from raicl.common.terminal.console import say
from raicl.data.disk.clip_folders import group_clips
from raicl.data.disk.locate import ambiguous
from raicl.data.disk.nesting import NamesSubject, Tree, choose_tree, find_trees
from raicl.data.disk.tree import Unusable, inner_folders, match
from raicl.data.readers.numbered import Numbered
from raicl.data.records import Database
from raicl.data.sheets.corrections import KnownError
from raicl.data.sheets.find import find_sheet
from raicl.data.sheets.rows import Folders, Naming, holds_any, read_rows
from raicl.data.sheets.sheet import SheetRow, cell_text, read_sheet

LAYOUT = "layout from secondary sources"


@dataclass(frozen=True, kw_only=True)
class Secondary:
    """One such database.

    Attributes
    ----------
    columns : accepted headers by column, see `raicl.data.sheets.sheet.read_sheet`.
    sheet : pattern of the sheet's file name.
    fps : frames per second of the camera.
    names : decides which folders to look for; their parents are the trees given to `arrange`.
    holds_all : whether there is one such folder, which holds everything and may itself be the root.
    example : how these folders are called, for the error.
    hint : which folder to give, for the error.
    arrange : returns the clips' folders in the trees, and how the rows name them.
    """

    columns: Mapping[str, Sequence[str]]
    sheet: re.Pattern[str]
    fps: float
    names: NamesSubject
    holds_all: bool = False
    example: str
    hint: str
    arrange: Callable[[Sequence[Tree], Sequence[SheetRow]], tuple[Folders, Naming]]


def read_secondary(
    root: Path, annotations: Path | None, known: Sequence[KnownError], *, dataset: str
) -> Database:
    """Read one of `SECONDARY`.

    Parameters
    ----------
    root : any folder above the frames, links resolved.
    annotations : the sheet, or None to look beside the frames and in the folders above `root`.
    known : corrections to apply.
    dataset : key of `SECONDARY`.

    Raises
    ------
    InputError : there are no frames, no sheet or several that differ, or the sheet is unusable.
    """
    database = SECONDARY[dataset]
    called = database.names(root.name)
    if called and database.holds_all:
        trees = [Tree(root.parent, {called: root}, root)]
    else:
        trees = find_trees(root, database.names, example=database.example, hint=database.hint)
    path = find_sheet(
        root,
        [tree.path for tree in trees if tree.path.is_relative_to(root)],
        named=database.sheet,
        annotations=annotations,
    )
    say(f"{dataset}: {LAYOUT}, so compare the counts with what its makers state; sheet {path}")
    rows = read_sheet(path, database.columns).rows
    folders, naming = database.arrange(trees, rows)
    return read_rows(
        rows, folders, naming, dataset=dataset, layout=LAYOUT, known=known, fps=database.fps
    )


_CASME_SUBJECTS = Numbered("sub", 2)


def _arrange_casme(trees: Sequence[Tree], rows: Sequence[SheetRow]) -> tuple[Folders, Naming]:
    """``sub01/EP01_12/...``."""
    naming = Naming(subject=_CASME_SUBJECTS.of_cell, several=True)
    known = [(tree, LAYOUT if holds_any(rows, tree, naming) else None) for tree in trees]
    return choose_tree(known, [LAYOUT], trees[0].root)[0], naming


_MMEW_SUBJECTS = Numbered("S", 2)
_MMEW_CLIP = re.compile(r"(s[0-9]+)(-[0-9]+)+", re.IGNORECASE)


def _parse_mmew(name: str) -> tuple[str, str] | None:
    found = _MMEW_CLIP.fullmatch(name)
    subject = found and _MMEW_SUBJECTS.of_folder(found[1])
    return (subject, name) if subject else None


def _arrange_mmew(trees: Sequence[Tree], rows: Sequence[SheetRow]) -> tuple[Folders, Naming]:
    """``Micro_Expression/anger/S01-02-001/1.jpg``; the sheet's emotion counts, not the folder's."""
    root = trees[0].root
    micro = [
        t for t in trees if "macro_expression" not in comparable(str(t.path.relative_to(root)))
    ]
    clips = [folder for tree in micro for folder in tree.subjects.values()]
    naming = Naming(subject=_MMEW_SUBJECTS.of_cell, several=True)
    return group_clips(clips, root, _parse_mmew), naming


_GRAY = "gray_micro"


def _arrange_4dme(trees: Sequence[Tree], rows: Sequence[SheetRow]) -> tuple[Folders, Naming]:
    """``gray_micro/<sub_ID>/<fold_name>/Frame_000001826.jpg``."""
    if len(trees) > 1:
        raise ambiguous([tree.subjects[_GRAY] for tree in trees], "--root DIR")
    root, gray = trees[0].root, trees[0].subjects[_GRAY]
    try:
        tree = Tree(gray, inner_folders(gray, root, "the folder"), root)
    except Unusable as error:
        raise InputError(
            str(error), where=str(gray), fix="give the folder that it leads to with --root"
        ) from error
    naming = Naming(
        subject=lambda cell: match(cell_text(cell), tree.subjects) or cell_text(cell), several=True
    )
    return tree, naming


SECONDARY = {
    "casme": Secondary(
        columns={
            "subject": ("Subject",),
            "clip": ("Filename",),
            "onset": ("OnsetF",),
            "apex": ("ApexF1",),
            "offset": ("OffsetF",),
            "emotion": ("Emotion",),
        },
        sheet=re.compile(r"casme.?coded", re.IGNORECASE),
        fps=60.0,
        names=_CASME_SUBJECTS.of_folder,
        example="sub01, sub02, ...",
        hint="CASME_raw_selected",
        arrange=_arrange_casme,
    ),
    "mmew": Secondary(
        columns={
            "subject": ("Subject",),
            "clip": ("Filename",),
            "onset": ("OnsetFrame",),
            "apex": ("ApexFrame",),
            "offset": ("OffsetFrame",),
            "emotion": ("Estimated Emotion",),
        },
        sheet=re.compile(r"mmew.?micro", re.IGNORECASE),
        fps=90.0,
        names=lambda name: comparable(name) if _parse_mmew(name) else None,
        example="S01-01-001, ..., one for each clip",
        hint="Micro_Expression",
        arrange=_arrange_mmew,
    ),
    "4dme": Secondary(
        columns={
            "subject": ("sub_ID",),
            "clip": ("fold_name",),
            "onset": ("Onset",),
            "apex": ("Apex",),
            "offset": ("Offset",),
            "emotion": ("Emotion",),
        },
        sheet=re.compile(r"4dme.*micro", re.IGNORECASE),
        fps=60.0,
        names=lambda name: _GRAY if comparable(name) == _GRAY else None,
        holds_all=True,
        example=_GRAY,
        hint=f"the folder that contains {_GRAY}",
        arrange=_arrange_4dme,
    ),
}
