"""Where a database and its sheet lie, and what to say when they are nowhere."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.data.old_workbook import INSTALL_XLRD, reads_old_workbooks
from raicl.data.tree import files, fold, leaves, subfolders

SHEET_SUFFIXES = (".xlsx", ".csv")
_SHOWN = 9  # places in an error: more than any archive nests, fewer than DFME has clips

_REQUEST = {
    "casme2": "request CASME II at http://fu.psych.ac.cn/CASME/casme2-en.php, or try without it: "
    "`raicl synth data/raw/casme2`",
    "casme3": "request CAS(ME)^3 at http://casme.psych.ac.cn/casme/e4; data/README.md shows the "
    "folders expected",
    "casme": "request CASME at http://casme.psych.ac.cn; data/README.md shows the folders expected",
    "casme_sq": "request CAS(ME)^2 at http://casme.psych.ac.cn; data/README.md shows the folders "
    "expected",
    "mmew": "request MMEW from its makers at Shandong University; data/README.md shows the folders "
    "expected",
    "4dme": "request 4DME from its makers at the University of Oulu; data/README.md shows the "
    "folders expected",
    "dfme": "request DFME from its makers; data/README.md shows the folders expected",
    "folder": "give the folder of your own clips with --root DIR; data/README.md shows its layout",
    "samm": "request SAMM from its makers at Manchester Metropolitan University; data/README.md "
    "shows the folders expected",
    "smic": "request SMIC at https://www.oulu.fi/cmvs/node/41319; data/README.md shows the folders "
    "expected",
    "synthetic": "make one with `raicl synth DIR` and give it with --root DIR",
}


def find_root(name: str, given: Path | None, *, option: str = "--root") -> Path:
    """The folder of a database, links resolved: the first of these places.

    `given` (by `option`), ``$RAICL_<NAME>``, ``$RAICL_DATA/<name>``, ``./data/raw/<name>``. The
    first two name one place on purpose, so a folder missing there is an error and not a reason to
    look further.

    Raises
    ------
    InputError : no folder there; all places tried are listed.
    """
    variable = f"RAICL_{name.upper()}"
    if given is not None:
        return _checked(given, option, name)
    if os.environ.get(variable):
        return _checked(Path(os.environ[variable]).expanduser(), f"${variable}", name)
    common = os.environ.get("RAICL_DATA")
    tried = [Path(common).expanduser() / name] if common else []
    tried.append(Path("data", "raw", name))
    for place in tried:
        if place.is_dir():
            return place.resolve()
    places = [f"{option} (not given), ${variable} (not set)"]
    places += [] if common else [f"$RAICL_DATA/{name} (not set)"]
    raise InputError(
        f"{name} was not found",
        where="tried " + ", ".join([*places, *map(str, tried)]),
        fix=_REQUEST[name],
    )


def _checked(place: Path, source: str, name: str) -> Path:
    if place.is_dir():
        return place.resolve()
    if place.is_file():
        raise InputError(
            f"{source} names a file, not a folder",
            where=str(place),
            fix="unpack the archive and give the folder"
            if place.suffix.lower() in {".zip", ".rar", ".7z", ".gz", ".tar"}
            else "give the folder that holds the subjects' folders",
        )
    raise InputError(f"{source} does not exist", where=str(place), fix=_REQUEST[name])


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
            if fold(name) == inside and not leaves(folder, place.resolve())
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


def ambiguous(paths: Sequence[Path], option: str) -> InputError:
    """The error for several candidates of which none is better than the others."""
    return InputError(
        f"{len(paths)} candidates: {', '.join(path.name for path in paths)}",
        where=", ".join(map(str, paths)),
        fix=f"name the one to use with {option}",
    )
