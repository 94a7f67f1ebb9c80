"""One's own clips: ``DIR/<subject>/<clip>/*.jpg|png|bmp`` and a table of what they show."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.data.annotation import annotate, attach_frames, printable
from raicl.data.corrections import KnownError
from raicl.data.database import Database, Footage, Skipped
from raicl.data.locate import ambiguous
from raicl.data.sheet import Row, Sheet, as_text, read_sheet
from raicl.data.tree import Unusable, files, leaves, list_frames, match, natural_key, subfolders

_COLUMNS = {
    "subject": ("subject",),
    "clip": ("clip",),
    "onset": ("onset",),
    "offset": ("offset",),
    "emotion": ("emotion",),
    "apex": ("apex",),
    "fps": ("fps",),
}


def read_folder(root: Path, annotations: Path | None, known: Sequence[KnownError]) -> Database:
    """Read a folder of one's own clips.

    The table has the columns subject, clip, onset, offset and emotion, and may have apex and fps;
    without `annotations` it is the only ``.csv`` in `root`. Subjects and clips are named as their
    folders are. A clip may have several rows, one per onset.

    Parameters
    ----------
    root : resolved.
    known : empty; nobody publishes corrections of one's own clips.

    Raises
    ------
    InputError : no table or several, or an unusable one.
    """
    assert not known, "there are no corrections of one's own clips"
    sheet = _table(annotations or _find_table(root))
    subjects = subfolders(root)
    skipped: list[Skipped] = []
    read: dict[str, Footage] = {}
    claimed: set[Path] = set()
    for row in sheet.rows:
        try:
            footage = _read_row(row, subjects, root, claimed)
            key = f"{footage.clip.id}@{footage.clip.onset}"
            if key in read:
                raise Unusable(f"row {row.number} repeats an earlier one")
            read[key] = footage
        except Unusable as reason:
            skipped.append(Skipped(_row_id(row), str(reason)))
    skipped += _without_row(subjects, root, claimed)
    return Database(
        name="folder",
        root=root,
        layout="folder",
        sheet="",
        footage=_in_order(list(read.values())),
        skipped=tuple(sorted(skipped, key=lambda item: natural_key(item.id))),
    )


def _find_table(root: Path) -> Path:
    tables = [path for path in files(root, root) if path.suffix.lower() == ".csv"]
    if len(tables) > 1:
        raise ambiguous(tables, "--annotations FILE")
    if tables:
        return tables[0]
    near = [p for p in (root.parent, *subfolders(root).values()) if _has_table(p)]
    raise InputError(
        "no .csv with the columns subject, clip, onset, offset and emotion here",
        where=str(root),
        fix=f"did you mean --root {near[0]}?"
        if near
        else "write one, or name it with --annotations FILE",
    )


def _has_table(folder: Path) -> bool:
    tables = [path for path in files(folder, folder) if path.suffix.lower() == ".csv"]
    if len(tables) != 1:
        return False
    try:
        _table(tables[0])
    except InputError:
        return False  # only a suggestion is at stake
    return True


def _table(path: Path) -> Sheet:
    return read_sheet(path, _COLUMNS, optional={"apex", "fps"})


def _read_row(row: Row, subjects: Mapping[str, Path], root: Path, claimed: set[Path]) -> Footage:
    subject = match(as_text(row.cells["subject"]), subjects)
    if subject is None:
        raise Unusable("its subject has no folder on disk")
    clips = _clips(subjects[subject], root)
    name = match(as_text(row.cells["clip"]), clips)
    if name is None:
        raise Unusable("its row has no folder on disk")
    claimed.add(clips[name])
    fps = _read_fps(row.cells.get("fps"))
    clip = annotate(row.cells, dataset="folder", subject=subject, name=name, fps=fps)
    return attach_frames(clip, list_frames(clips[name], root))


def _clips(folder: Path, root: Path) -> dict[str, Path]:
    if leaves(folder, root):
        raise Unusable("the subject's folder is a link that leads out of the database")
    try:
        return subfolders(folder)
    except InputError as error:
        raise Unusable(f"the subject's folder cannot be read: {error.what}") from error


def _read_fps(cell: object) -> float | None:
    text = as_text(cell)
    if not text:
        return None
    try:
        fps = float(text)
    except ValueError:
        fps = math.nan
    if not 0 < fps < math.inf:
        raise Unusable(f"its fps {printable(text)[:40]!r} is not a positive number")
    return fps


def _row_id(row: Row) -> str:
    subject, clip = (printable(as_text(row.cells[name])) or "?" for name in ("subject", "clip"))
    return f"folder/{subject}/{clip}"


def _without_row(subjects: Mapping[str, Path], root: Path, claimed: set[Path]) -> list[Skipped]:
    skipped = []
    for subject, folder in subjects.items():
        try:
            skipped += [
                Skipped(
                    f"folder/{printable(subject)}/{printable(name)}",
                    "folder without a row in the table",
                )
                for name, path in _clips(folder, root).items()
                if path not in claimed
            ]
        except Unusable as reason:
            skipped.append(Skipped(f"folder/{printable(subject)}/*", str(reason)))
    return skipped


def _in_order(read: Sequence[Footage]) -> tuple[Footage, ...]:
    names = Counter(item.clip.id for item in read)
    named = [
        dataclasses.replace(
            item, clip=dataclasses.replace(item.clip, repeated=names[item.clip.id] > 1)
        )
        for item in read
    ]
    return tuple(sorted(named, key=lambda item: natural_key(item.clip.id)))
