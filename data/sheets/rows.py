"""Turn the rows of a sheet into clips: find each row's folder, and list what is left over."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from raicl.common.names import name_problem
from raicl.common.order import comparable, natural_key
from raicl.common.terminal.wording import printable
from raicl.data.disk.tree import Unusable, list_frames, match
from raicl.data.records import Correction, Database, Footage, Skipped
from raicl.data.sheets.agreement import refuse_disagreement
from raicl.data.sheets.annotation import annotate, attach_frames
from raicl.data.sheets.corrections import KnownError, correct_cells
from raicl.data.sheets.sheet import SheetRow, cell_integer, cell_text

Cells = Mapping[str, object]


class Folders(Protocol):
    """The folders of a database's clips; `raicl.data.disk.nesting.Tree` is the plain case."""

    @property
    def root(self) -> Path:
        """Folder of the database; no link may lead out of it."""

    @property
    def subjects(self) -> Mapping[str, Path]:
        """The subjects' folders, by `Clip.subject`."""

    def clips(self, subject: str) -> Mapping[str, Path]:
        """The folders of a subject's clips by name; may raise Unusable."""


@dataclass(frozen=True, kw_only=True)
class Naming:
    """How a sheet names subjects and clips.

    Attributes
    ----------
    subject : returns the `Clip.subject` that a cell means, None if it means none.
    folder : returns the name, in `Folders.clips`, of the folder that a row means.
    as_on_disk : whether clips are named like their folders, not as the sheet spells them.
    several : whether a clip may have several rows, which differ in their onset.
    always_onset : with `several`, whether a clip's id has the onset even if it has one row.
    whole_videos : whether a folder holds a whole video. One without a row is then not listed.
    """

    subject: Callable[[object], str | None]
    folder: Callable[[Cells], str] = lambda cells: cell_text(cells["clip"])
    as_on_disk: bool = False
    several: bool = False
    always_onset: bool = False
    whole_videos: bool = False


@dataclass(frozen=True)
class Place:
    """A row with its clip's name and folder, or with the reason why it cannot be used."""

    row: SheetRow
    subject: str
    name: str
    folder: Path | None = None
    reason: str = ""


def place_row(row: SheetRow, folders: Folders, naming: Naming) -> Place:
    """Find the folder of a row. Names of a sheet are matched with names on disk, never joined."""
    subject = printable(cell_text(row.cells["subject"])) or "?"
    name = printable(cell_text(row.cells["clip"]))
    try:
        key = naming.subject(row.cells["subject"])
        if key is None:
            raise Unusable(f"row {row.number}: {subject!r} is no subject's number")
        subject = printable(key) or "?"
        if not name:
            raise Unusable(f"row {row.number} has no file name")
        if key not in folders.subjects:
            raise Unusable("its subject has no folder on disk")
        present = folders.clips(key)
        found = match(naming.folder(row.cells), present)
        if found is None:
            raise Unusable("its row has no folder on disk")
    except Unusable as reason:
        return Place(row, subject, name or "?", reason=str(reason))
    name = printable(found) if naming.as_on_disk else name
    problem = name_problem(key)
    told = f"its subject has {problem}: rename the subject's folder" if problem else ""
    return Place(row, subject, name, present[found], told)


def holds_any(rows: Iterable[SheetRow], folders: Folders, naming: Naming) -> bool:
    """Whether a tree is of this database: at least one of the rows has its folder there."""
    return any(place_row(row, folders, naming).folder is not None for row in rows)


def read_rows(
    rows: Sequence[SheetRow],
    folders: Folders,
    naming: Naming,
    *,
    dataset: str,
    layout: str,
    known: Sequence[KnownError] = (),
    version: str = "",
    fps: float | None = None,
) -> Database:
    """Turn every row into footage or a reason, and list the clips' folders that have no row.

    Parameters
    ----------
    rows : rows with the cells ``subject``, ``clip``, ``onset``, ``offset`` and ``emotion``, and
        optionally ``apex`` and ``fps``.
    known : corrections to apply. If a clip may have several rows, their `clip` is written
        ``name@onset`` with the onset as annotated.
    version : version of the sheet.
    fps : frames per second of the camera, for rows without a rate of their own.
    """
    groups: dict[tuple[str, str, str], list[Place]] = defaultdict(list)
    for row in rows:
        place = place_row(row, folders, naming)
        groups[_key(place, naming)].append(place)
    repeated = _repeated(groups)
    # a few listings are enough, because the rows of one video follow each other
    listing = lru_cache(maxsize=4)(list_frames)
    footage: list[Footage] = []
    skipped: list[Skipped] = []
    corrections: list[Correction] = []
    for key, places in groups.items():
        place = places[0]
        several = naming.always_onset or key[:2] in repeated
        clip_id = f"{dataset}/{place.subject}/{place.name}" + (f"@{key[2]}" if several else "")
        called = f"{place.name}@{key[2]}" if naming.several else place.name
        try:
            corrected = [
                correct_cells(one.row.cells, place.subject, called, known, clip_id)
                for one in places
            ]
            refuse_disagreement(
                [(p.row.number, cells) for p, (cells, _) in zip(places, corrected, strict=True)]
            )
            skipped += [
                Skipped(clip_id, f"row {other.row.number} repeats row {place.row.number}")
                for other in places[1:]
            ]
            if place.folder is None or place.reason:
                raise Unusable(place.reason)
            cells, applied = corrected[0]
            clip = annotate(
                cells,
                dataset=dataset,
                subject=place.subject,
                name=place.name,
                sheet=version,
                fps=fps,
                flags=tuple(f"corrected-{correction.field}" for correction in applied),
                repeated=several,
            )
            footage.append(attach_frames(clip, listing(place.folder, folders.root)))
            # a corrected onset changes the clip's id
            corrections += [dataclasses.replace(correction, id=clip.id) for correction in applied]
        except Unusable as reason:
            skipped.append(Skipped(clip_id, str(reason)))
    if not naming.whole_videos:
        claimed = {place.folder for places in groups.values() for place in places}
        skipped += _without_row(folders, claimed, dataset)
    return Database(
        name=dataset,
        root=folders.root,
        layout=layout,
        sheet=version,
        footage=tuple(sorted(footage, key=lambda item: natural_key(item.clip.id))),
        skipped=tuple(sorted(skipped, key=lambda item: natural_key(item.id))),
        corrections=tuple(corrections),
    )


def _key(place: Place, naming: Naming) -> tuple[str, str, str]:
    """Subject, folded name and, if needed, onset. A clip may have only one row with each key."""
    onset = place.row.cells["onset"] if naming.several else None
    number = cell_integer(onset)
    written = printable(cell_text(onset))[:40] if number is None else str(number)
    return place.subject, comparable(place.name), written


def _repeated(keys: Iterable[tuple[str, str, str]]) -> set[tuple[str, str]]:
    """Subject and name of the clips that have rows with several onsets.

    All rows count and not only the usable ones, so that a clip has the same id in a copy of the
    database that lacks the frames of the other row.
    """
    onsets: dict[tuple[str, str], set[str]] = defaultdict(set)
    for subject, name, onset in keys:
        onsets[subject, name].add(onset)
    return {key for key, found in onsets.items() if len(found) > 1}


def _without_row(folders: Folders, claimed: set[Path | None], dataset: str) -> list[Skipped]:
    skipped = []
    for subject in folders.subjects:
        try:
            skipped += [
                Skipped(
                    f"{dataset}/{printable(subject)}/{printable(name)}",
                    "folder without a row in the sheet",
                )
                for name, folder in folders.clips(subject).items()
                if folder not in claimed
            ]
        except Unusable as reason:
            skipped.append(Skipped(f"{dataset}/{printable(subject)}/*", str(reason)))
    return skipped
