"""READ FIRST: a database on disk becomes clips with their frames; no pixel is touched.

A reader takes the official sheet row by row, finds each row's folder and frames on disk, and
returns a `Database`: the usable clips, and every other one with the reason why it is not used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from raicl.common.clip import Clip
from raicl.common.errors import InputError, UsageError

if TYPE_CHECKING:
    from raicl.data.corrections import KnownError

DATABASES = (
    *("casme2", "samm", "smic", "casme3"),
    *("casme", "casme_sq", "mmew", "4dme", "dfme"),  # from secondary sources
    *("folder", "synthetic"),
)


@dataclass(frozen=True)
class Frame:
    """One picture of a clip: the number in its file name, and the file."""

    number: int
    path: Path


@dataclass(frozen=True)
class Footage:
    """A clip and its frames on disk, ascending by number; the first is the onset, at least 2.

    `problem` says why the clip cannot be used as it is asked for; a reader leaves it empty.
    """

    clip: Clip
    frames: tuple[Frame, ...]
    problem: str = ""


@dataclass(frozen=True)
class Skipped:
    """A clip that is not used, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Correction:
    """An annotated value that was replaced by a listed one (see `raicl.data.corrections`)."""

    id: str
    field: str
    annotated: str
    used: str
    reason: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Database:
    """What a reader found.

    Attributes
    ----------
    name : key of the database, the `Clip.dataset` of all its clips.
    root : the folder that was given or found, links resolved; nothing in it is ever written.
    layout : which release lies there, e.g. ``raw-selected``.
    sheet : version of the annotation, e.g. ``2014``, or variant of the recordings, e.g. ``hs``;
        empty where there is only one.
    footage : the usable clips, in natural order of subject and name.
    skipped : the clips on disk or in the sheet that are not used, each with its reason.
    corrections : the values that were replaced.
    members : the databases that this one was put together from (see `raicl.data.composite`).
    """

    name: str
    root: Path
    layout: str
    sheet: str
    footage: tuple[Footage, ...]
    skipped: tuple[Skipped, ...]
    corrections: tuple[Correction, ...] = ()
    members: tuple[Database, ...] = ()

    @property
    def parts(self) -> tuple[Database, ...]:
        """Its members, or itself alone."""
        return self.members or (self,)


Reader = Callable[[Path, Path | None, Sequence["KnownError"]], Database]


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
    root : its folder, at any level of nesting; None searches the places of `find_root`.
    annotations : its sheet; None searches beside the frames.
    correct : apply the listed corrections.
    variant : which of the recordings it consists of; None is the first of them.

    Raises
    ------
    UsageError : an unknown name or variant.
    InputError : no folder, no sheet, an unusable sheet, or not one usable clip.
    """
    from raicl.data.corrections import read_corrections
    from raicl.data.locate import find_root

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
    UsageError : an unknown name or variant.
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
    """Readers by database and variant, the default first; empty where there are no variants."""
    # imported here because the readers build the records above
    from raicl.data.casme2 import read_casme2
    from raicl.data.casme3 import read_casme3
    from raicl.data.casme_sq import read_casme_sq
    from raicl.data.dfme import read_dfme
    from raicl.data.folder import read_folder
    from raicl.data.samm import read_samm
    from raicl.data.secondary import SECONDARY, read_secondary
    from raicl.data.smic import read_smic
    from raicl.data.smic_long import read_smic_long
    from raicl.data.smic_tree import FPS

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
