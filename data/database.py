"""READ FIRST: turn a database on disk into clips with their frames, without reading pixels.

A reader goes through the official sheet row by row and finds each row's folder and frames on disk.
It returns a `Database`: the usable clips, and the other ones with the reason why they are not used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from raicl.common.errors import InputError, UsageError
from raicl.data.disk.locate import find_root
from raicl.data.readers.casme2 import read_casme2
from raicl.data.readers.casme3 import read_casme3
from raicl.data.readers.casme_sq import read_casme_sq
from raicl.data.readers.dfme import read_dfme
from raicl.data.readers.folder import read_folder
from raicl.data.readers.samm import read_samm
from raicl.data.readers.secondary import SECONDARY, read_secondary
from raicl.data.readers.smic import read_smic
from raicl.data.readers.smic_long import read_smic_long
from raicl.data.readers.smic_tree import FPS
from raicl.data.records import Database
from raicl.data.sheets.corrections import KnownError, read_corrections

DATABASES = (
    *("casme2", "samm", "smic", "casme3"),
    *("casme", "casme_sq", "mmew", "4dme", "dfme"),  # from secondary sources
    *("folder", "synthetic"),
)


Reader = Callable[[Path, Path | None, Sequence[KnownError]], Database]


def read_database(
    name: str,
    *,
    root: Path | None,
    annotations: Path | None = None,
    correct: bool = True,
    variant: str | None = None,
) -> Database:
    """Read one database.

    Parameters
    ----------
    name : one of `DATABASES`.
    root : folder of the database, at any level of nesting; None searches the places of `find_root`.
    annotations : sheet of the database; None searches beside the frames.
    correct : whether to apply the listed corrections.
    variant : which of the database's recordings to read; None takes the first.

    Raises
    ------
    UsageError : the name or the variant is unknown.
    InputError : there is no folder, no sheet or no usable clip, or the sheet is unusable.
    """
    reader = find_reader(name, variant)
    known = read_corrections(name) if correct else ()
    database = reader(find_root(name, root), annotations, known)
    if not database.footage:
        reasons = Counter(skipped.reason for skipped in database.skipped).most_common(1)
        first = f"; most often: {reasons[0][0]} ({reasons[0][1]} times)" if reasons else ""
        raise InputError(
            f"not one usable clip in {name}{first}",
            where=str(database.root),
            fix="check that the frames and the sheet belong together; data/README.md shows how",
        )
    return database


def find_reader(name: str, variant: str | None = None) -> Reader:
    """The function that reads a database, or a variant of it.

    Raises
    ------
    UsageError : the name or the variant is unknown.
    """
    readers = _readers()
    if name not in readers:
        near = get_close_matches(name, readers, 1)
        raise UsageError(
            f"no database {name!r}",
            fix=f"did you mean {near[0]}?" if near else "one of " + ", ".join(readers),
        )
    variants = readers[name]
    if variant is None:
        return next(iter(variants.values()))
    if variant not in variants or not variant:
        having = ", ".join(f"{key} has {', '.join(v)}" for key, v in readers.items() if len(v) > 1)
        raise UsageError(
            f"{name} has no variant {variant!r}",
            fix="one of " + ", ".join(variants)
            if len(variants) > 1
            else f"leave --variant out; only {having}",
        )
    return variants[variant]


def edition(name: str, sheet: str) -> str:
    """`Database.sheet` in words: ``sheet of 2014``, ``sheet v2`` or ``variant hs``."""
    if not sheet:
        return ""
    if sheet in _readers().get(name, {}):
        return f"variant {sheet}"
    return f"sheet of {sheet}" if sheet.isdigit() else f"sheet {sheet}"


def _readers() -> dict[str, dict[str, Reader]]:
    """Readers by database and variant, the default first; "" if there are no variants."""
    cameras: dict[str, Reader] = {camera: partial(read_smic, camera=camera) for camera in FPS}
    return {
        "casme2": {"": read_casme2},
        "samm": {"": read_samm},
        "smic": cameras | {"e-hs": read_smic_long},
        "casme3": {"": read_casme3},
        **{name: {"": partial(read_secondary, dataset=name)} for name in SECONDARY},
        "casme_sq": {"": read_casme_sq},
        "dfme": {"": read_dfme},
        "folder": {"": read_folder},
        "synthetic": {"": partial(read_casme2, dataset="synthetic")},
    }
