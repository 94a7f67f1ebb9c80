"""Where the sheet of a database lies."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.order import comparable
from raicl.data.disk.locate import ambiguous
from raicl.data.disk.tree import files, leaves, subfolders
from raicl.data.sheets.old_workbook import INSTALL_XLRD, reads_old_workbooks

SHEET_SUFFIXES = (".xlsx", ".csv")
_SHOWN = 9  # places in an error: more than any archive nests, fewer than DFME has clips


def find_sheets(
    root: Path,
    trees: Sequence[Path],
    *,
    named: re.Pattern[str],
    annotations: Path | None,
    inside: str = "",
) -> tuple[Path, ...]:
    """Candidates for the sheet, copies of the same content given once.

    They are looked for in `root`, in the folders between it and each of `trees`, and in the three
    above it that may be read, where only files called `named` count.

    Parameters
    ----------
    root : the database's folder.
    trees : folders below it that hold the subjects' folders.
    named : the official file name; sheets called otherwise count only where there is none.
    annotations : the sheet the user named; it alone is returned.
    inside : name, in small letters, of a folder in any of those that may hold it.

    Raises
    ------
    InputError : there is none.
    """
    if annotations is not None:
        return (annotations,)
    places = dict.fromkeys([root])
    for tree in trees:
        between = tree.relative_to(root).parts
        places |= dict.fromkeys(root.joinpath(*between[: i + 1]) for i in range(len(between)))
    # of a shared machine the folders above may be closed, which is no fault of the database
    above = [place for place in list(root.parents)[:3] if os.access(place, os.R_OK | os.X_OK)]
    places |= dict.fromkeys(above)
    if inside:
        places |= dict.fromkeys(
            folder
            for place in places
            for name, folder in subfolders(place).items()
            if comparable(name) == inside and not leaves(folder, place.resolve())
        )
    found = [path for folder in places for path in files(folder, folder) if _is_sheet(path)]
    official = [path for path in found if named.search(path.name)]
    chosen = official or [path for path in found if path.is_relative_to(root)]
    if not chosen:
        chosen = _old_sheets(list(places), named, root)
    return _without_copies(chosen)


def find_sheet(
    root: Path, trees: Sequence[Path], *, named: re.Pattern[str], annotations: Path | None
) -> Path:
    """The only one of `find_sheets`; several that differ are an InputError."""
    paths = find_sheets(root, trees, named=named, annotations=annotations)
    if len(paths) > 1:
        raise ambiguous(paths, "--annotations FILE")
    return paths[0]


def _old_sheets(places: Sequence[Path], named: re.Pattern[str], root: Path) -> list[Path]:
    """Sheets in the format before .xlsx, where it can be read."""
    old = [p for place in places for p in files(place, place) if p.suffix.lower() == ".xls"]
    official = [path for path in old if named.search(path.name)]
    chosen = official or [path for path in old if path.is_relative_to(root)]
    if chosen and reads_old_workbooks():
        return chosen
    raise InputError(
        "the sheet is missing" + (f"; {old[0].name} is in the old .xls format" if old else ""),
        where=_some(places),
        fix=f"open {old[0].name} and save it as .xlsx, or `{INSTALL_XLRD}`"
        if old
        else "copy the official .xlsx into the folder, or name it with --annotations FILE",
    )


def _some(places: Sequence[Path]) -> str:
    """The places looked in, on one line: the root first, of many the rest only counted."""
    more = f" and {len(places) - _SHOWN} more folders" if len(places) > _SHOWN else ""
    return ", ".join(map(str, places[:_SHOWN])) + more


def _is_sheet(path: Path) -> bool:
    # ~$name.xlsx is what an open spreadsheet program leaves beside the file
    return path.suffix.lower() in SHEET_SUFFIXES and not path.name.startswith("~$")


def _without_copies(paths: Sequence[Path]) -> tuple[Path, ...]:
    if len(paths) == 1:
        return (paths[0],)
    kept: dict[str, Path] = {}
    for path in paths:
        with path.open("rb") as stream:
            kept.setdefault(hashlib.file_digest(stream, "sha256").hexdigest(), path)
    return tuple(kept.values())
