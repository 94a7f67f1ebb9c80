"""Flow that was computed elsewhere: a folder of files, one per clip, and a table of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from raicl.common.clip import Label, Split
from raicl.common.errors import InputError, UsageError
from raicl.common.order import comparable, natural_key
from raicl.common.terminal.wording import counted, printable
from raicl.data.disk.tree import leaves
from raicl.data.readers.flow_names import (
    ONE_OF,
    database_key,
    guess_database,
    no_database,
    official_name,
    subject_key,
)
from raicl.data.sheets.sheet import SheetRow, cell_integer, cell_text, read_sheet

SUFFIXES = (".png", ".bmp", ".npy", ".npz", ".flo", ".mat")
CLASSES = ("negative", "positive", "surprise")  # 0, 1 and 2 of the official composite list

_COLUMNS = {
    "image": ("image", "image name", "file", "file name", "path", "flow"),
    "subject": ("subject", "sub"),
    "class": ("class", "label"),
    "emotion": ("emotion",),
    "clip": ("clip", "filename_o"),
    "database": ("database", "dataset"),
    "split": ("split",),
}
_OPTIONAL = {"class", "emotion", "clip", "database", "split"}


@dataclass(frozen=True, kw_only=True)
class FlowFile:
    """A clip and the file that holds its flow.

    Attributes
    ----------
    dataset, subject, name : as in `raicl.common.clip.Clip`, spelled as the official composite list
        does: ``casme2/sub17/EP05_09``, ``samm/006/006_1_2``, ``smic/s20/s20_ne_13``.
    label : its emotion, or its class if `labelled` says so.
    guessed : whether the database follows from the form of the names alone.
    coded : whether the class was written as a number.
    split : see `raicl.common.clip.Clip.split`.
    """

    dataset: str
    subject: str
    name: str
    label: str
    labelled: Label
    path: Path
    guessed: bool
    coded: bool
    split: Split

    @property
    def id(self) -> str:
        """``dataset/subject/name``."""
        return f"{self.dataset}/{self.subject}/{self.name}"


def read_flow_files(
    root: Path, annotations: Path, *, database: str | None, classes: Sequence[str]
) -> tuple[FlowFile, ...]:
    """Match every row of a table with its file, in natural order of the clips' ids.

    Parameters
    ----------
    root : folder with the files, at any depth. Nothing in it is written.
    annotations : a table with the columns image, subject and class (or emotion). It may have the
        columns clip, database and split.
    database : key of the database of all clips; None if the table or the names tell it.
    classes : names of the classes that are written as numbers, from 0.

    Raises
    ------
    UsageError : the database is unknown.
    InputError : the folder or the table is unusable, a row has no file, a file no row, or two rows
        or files are of one clip.
    """
    if not root.is_dir():
        raise InputError("no such folder", where=str(root), fix="give --root the folder of flows")
    given = None if database is None else database_key(database)
    if database is not None and given is None:
        raise UsageError(no_database(database), where="--database", fix=ONE_OF)
    sheet = read_sheet(annotations, _COLUMNS, optional=_OPTIONAL)
    kind = _label_column(sheet.columns, annotations)
    files = _index(root.resolve())
    rows = [_clip(row, kind, files, given, classes, annotations) for row in sheet.rows]
    if not rows:
        raise InputError("the table has no row", where=str(annotations), fix="add one row per clip")
    _refuse_twins(rows, sheet.rows, annotations)
    _refuse_strays(files, rows)
    return tuple(sorted(rows, key=lambda clip: natural_key(clip.id)))


def _label_column(columns: frozenset[str], path: Path) -> Label:
    if not columns & {"class", "emotion"}:
        raise InputError(
            "no header with the column 'class'",
            where=str(path),
            fix="name the columns image, subject and class, or emotion in place of class",
        )
    return "class" if "class" in columns else "emotion"


def _index(root: Path) -> dict[str, Path]:
    """The flow files of a folder by their plain names."""
    found: dict[str, Path] = {}
    for path in _walk(root):
        key = _plain(path.name)
        if key in found:
            raise InputError(
                f"two files are called {key}",
                where=f"{found[key].relative_to(root)}, {path.relative_to(root)}",
                fix="keep one of them: one file holds the flow of one clip",
            )
        found[key] = path
    if not found:
        raise InputError(
            "no flow file in the folder",
            where=str(root),
            fix="files end in " + ", ".join(SUFFIXES),
        )
    return found


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names, key=natural_key):
            path = Path(folder, name)
            hidden = name.startswith(".")
            if hidden or path.suffix.lower() not in SUFFIXES or leaves(path, root):
                continue
            yield path


def _plain(name: str) -> str:
    """The stem of a file's name, in one case and without blanks around it."""
    name = name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    stem, dot, suffix = name.rpartition(".")
    known = dot and f".{suffix.casefold()}" in (*SUFFIXES, ".jpg", ".jpeg")
    return comparable((stem if known else name).strip())


def _clip(
    row: SheetRow,
    kind: Label,
    files: Mapping[str, Path],
    given: str | None,
    classes: Sequence[str],
    path: Path,
) -> FlowFile:
    where = f"{path}, row {row.number}"
    image = cell_text(row.cells["image"])
    file = files.get(_plain(image))
    if file is None:
        raise InputError(
            f"no file for {printable(image) or 'a row without an image'!r}",
            where=where,
            fix="remove the row, or add the file to --root",
        )
    subject = cell_text(row.cells["subject"])
    written = cell_text(row.cells.get("database"))
    known = database_key(written) if written else given
    if written and known is None:
        raise InputError(no_database(written), where=where, fix=ONE_OF)
    dataset = known or guess_database(_plain(image), subject)
    key = subject_key(dataset, subject, _plain(image), where)
    label, coded = _label(row, kind, classes, where)
    written = cell_text(row.cells.get("clip"))
    return FlowFile(
        dataset=dataset,
        subject=key,
        name=official_name(written, file.name, dataset, (subject, key)),
        label=label,
        labelled=kind,
        path=file,
        guessed=known is None,
        coded=coded,
        split=_split(cell_text(row.cells.get("split")), dataset, where),
    )


def _label(row: SheetRow, kind: Label, classes: Sequence[str], where: str) -> tuple[str, bool]:
    """The emotion or class of a row in lower case, and whether it is written as a number."""
    cell = row.cells.get(kind)
    number = cell_integer(cell) if kind == "class" else None
    if number is None:
        text = printable(cell_text(cell)).casefold()
        if text:
            return text, False
    elif 0 <= number < len(classes):
        return classes[number], True
    raise InputError(
        f"the row has no {kind}" if number is None else f"class {number} has no name",
        where=where,
        fix="fill the cell" if number is None else "name the classes in order: --classes A,B,C",
    )


def _split(text: str, dataset: str, where: str) -> Split:
    """The side of a synthetic clip; real ones have none, because their subjects are held out."""
    if text in get_args(Split) and (dataset == "synthetic" or not text):
        return cast(Split, text)
    raise InputError(
        f"the split {printable(text)[:40]!r} of a clip of {dataset}",
        where=where,
        fix="leave the column out; synthetic clips have train or test",
    )


def _refuse_twins(rows: Sequence[FlowFile], lines: Sequence[SheetRow], path: Path) -> None:
    first: dict[str, int] = {}
    for clip, line in zip(rows, lines, strict=True):
        for key in (f"clip {comparable(clip.id)}", f"file {clip.path}"):
            if key in first:
                raise InputError(
                    f"rows {first[key]} and {line.number} are of one clip, {clip.id}",
                    where=str(path),
                    fix="keep one of the rows",
                )
            first[key] = line.number


def _refuse_strays(files: Mapping[str, Path], rows: Sequence[FlowFile]) -> None:
    used = {clip.path for clip in rows}
    strays = [path for path in files.values() if path not in used]
    if strays:
        raise InputError(
            f"{counted(len(strays), 'file')} without a row in the table, first {strays[0].name!r}",
            where=str(strays[0].parent),
            fix="add a row for each, or move the files out of --root",
        )


def describe_databases(clips: Sequence[FlowFile]) -> str:
    """How many clips each database has, and whether its name follows from the form of the names."""
    counts = Counter(clip.dataset for clip in clips)
    guessed = {clip.dataset for clip in clips if clip.guessed}
    return ", ".join(
        f"{name} {n}{' (by the form of the names)' if name in guessed else ''}"
        for name, n in sorted(counts.items())
    )
