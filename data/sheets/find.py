"""Find the sheet of a database."""

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
_SHOWN = 9  # number of places in an error: all of a nested archive, but not all clips of DFME


def find_sheets(
    root: Path,
    trees: Sequence[Path],
    *,
    named: re.Pattern[str],
    annotations: Path | None,
    inside: str = "",
) -> tuple[Path, ...]:
    """Candidates for the sheet. Of several copies with the same content only one is returned.

    The search covers `root`, the folders between it and each of `trees`, and the three folders
    above it, if they are readable. In the folders above, only files that match `named` count.

    Parameters
    ----------
    root : folder of the database.
    trees : folders below it that hold the subjects' folders.
    named : pattern of the official file name. Sheets with other names count only if there is none.
    annotations : the sheet that the user named; if given, it alone is returned.
    inside : lower-case name of a subfolder of any of these folders, which may hold the sheet.

    Raises
    ------
    InputError : there is no sheet.
    """
    if annotations is not None:
        return (annotations,)
    places = dict.fromkeys([root])
    for tree in trees:
        between = tree.relative_to(root).parts
        places |= dict.fromkeys(root.joinpath(*between[: i + 1]) for i in range(len(between)))
    # on a shared machine the folders above may be unreadable, which is no error of the database
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
    """The only result of `find_sheets`; several that differ raise InputError."""
    paths = find_sheets(root, trees, named=named, annotations=annotations)
    if len(paths) > 1:
        raise ambiguous(paths, "--annotations FILE")
    return paths[0]


def _old_sheets(places: Sequence[Path], named: re.Pattern[str], root: Path) -> list[Path]:
    """Sheets in the old .xls format, if it can be read."""
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
    """The searched places on one line, the root first. If there are many, the rest is counted."""
    more = f" and {len(places) - _SHOWN} more folders" if len(places) > _SHOWN else ""
    return ", ".join(map(str, places[:_SHOWN])) + more


def _is_sheet(path: Path) -> bool:
    # ~$name.xlsx is the lock file of a spreadsheet program that has the file open
    return path.suffix.lower() in SHEET_SUFFIXES and not path.name.startswith("~$")


def _without_copies(paths: Sequence[Path]) -> tuple[Path, ...]:
    if len(paths) == 1:
        return (paths[0],)
    kept: dict[str, Path] = {}
    for path in paths:
        with path.open("rb") as stream:
            kept.setdefault(hashlib.file_digest(stream, "sha256").hexdigest(), path)
    return tuple(kept.values())
