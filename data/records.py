"""What a reader returns: a database, its clips with their frames, and the skipped clips."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raicl.common.clip import Clip


@dataclass(frozen=True)
class Frame:
    """One picture of a clip: the number in its file name, and the file."""

    number: int
    path: Path


@dataclass(frozen=True)
class Footage:
    """A clip and its frames on disk: at least 2, ascending by number, the onset first.

    `problem` says why the clip cannot be used as requested. A reader leaves it empty. `face` says
    which face of the onset is meant, by size from 1; in the databases it is the largest.
    """

    clip: Clip
    frames: tuple[Frame, ...]
    problem: str = ""
    face: int = 1


@dataclass(frozen=True)
class Skipped:
    """A clip that is not used, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Correction:
    """An annotated value and the one used instead (see `raicl.data.sheets.corrections`)."""

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
    layout : which release is on disk, e.g. ``raw-selected``.
    sheet : version of the annotation, e.g. ``2014``, or variant of the recordings, e.g. ``hs``;
        empty if there is only one.
    footage : the usable clips, in natural order of subject and name.
    skipped : the clips on disk or in the sheet that are not used, each with its reason.
    corrections : the values that were replaced.
    members : the databases that this one combines (see `raicl.data.parts`).
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
        """The members, or the database itself if it has none."""
        return self.members or (self,)
