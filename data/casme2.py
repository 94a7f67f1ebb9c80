"""CASME II: any of its three releases, with either version of its sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from raicl.common.console import say
from raicl.data.annotation import annotate, attach_frames, printable
from raicl.data.casme2_tree import Tree, choose_tree, find_trees, subject_number
from raicl.data.corrections import KnownError, correct_cells
from raicl.data.database import Correction, Database, Footage, Skipped
from raicl.data.locate import ambiguous, find_sheets
from raicl.data.sheet import Row, Sheet, as_integer, as_text, read_sheet
from raicl.data.tree import Unusable, fold, list_frames, match, natural_key

FPS = 200.0

_COLUMNS = {
    "subject": ("Subject", "sub"),
    "clip": ("Filename",),
    "onset": ("OnsetFrame", "Onset"),
    "apex": ("ApexFrame", "Apex"),
    "offset": ("OffsetFrame", "Offset"),
    "emotion": ("Estimated Emotion", "Emotion"),
    "objective": ("Objective Classes", "Objective Class"),
}
_SHEET_NAME = re.compile(r"casme.?(2|ii).*coding", re.IGNORECASE)
# The clips whose emotion is sadness in the sheet of 2014 and surprise in that of 2019.
_RELABELLED = {(24, "ep07_01"), (24, "ep07_04f"), (24, "ep10_03")}


def read_casme2(
    root: Path,
    annotations: Path | None,
    known: Sequence[KnownError],
    *,
    dataset: str = "casme2",
) -> Database:
    """Read CASME II, or a database that imitates its layout under another key.

    Parameters
    ----------
    root : resolved; the folder of the subjects or any folder above it.
    annotations : the sheet, or None to look beside the frames and in `root`'s parent.
    known : corrections to apply.
    dataset : key of the database.

    Raises
    ------
    InputError : no frames, no sheet or several that differ, or an unusable sheet.
    """
    trees = find_trees(root)
    sheet, version = _choose_sheet(root, trees, annotations)
    say(f"{dataset}: sheet of {version}, {sheet.path}")
    tree, layout = choose_tree(trees, _ranges(sheet), root)
    say(f"{dataset}: frames of layout {layout}, {tree.path}")
    reading = _Reading(dataset, root, tree, version, known)
    for row in sheet.rows:
        reading.add(row)
    reading.add_folders_without_row()
    return Database(
        name=dataset,
        root=root,
        layout=layout,
        sheet=version,
        footage=tuple(sorted(reading.footage, key=lambda item: natural_key(item.clip.id))),
        skipped=tuple(sorted(reading.skipped, key=lambda item: natural_key(item.id))),
        corrections=tuple(reading.corrections),
    )


def sheet_version(sheet: Sheet) -> str:
    """``2014`` or ``2019``, by the clips they label differently, else by their columns."""
    for row in sheet.rows:
        key = subject_number(row.cells["subject"]), fold(as_text(row.cells["clip"]))
        if key in _RELABELLED:
            return "2019" if fold(as_text(row.cells["emotion"])) == "surprise" else "2014"
    return "2019" if "objective" in sheet.columns else "2014"


def _choose_sheet(root: Path, trees: Sequence[Tree], annotations: Path | None) -> tuple[Sheet, str]:
    """The sheet; of the two official versions that of 2014, which defines the CDE list."""
    folders = [root]
    for tree in trees:
        between = tree.path.relative_to(root).parts
        folders += [root.joinpath(*between[: i + 1]) for i in range(len(between))]
    paths = find_sheets(
        [*folders, *list(root.parents)[:3]], named=_SHEET_NAME, root=root, annotations=annotations
    )
    sheets: dict[str, Sheet] = {}
    for path in paths:
        sheet = read_sheet(path, _COLUMNS, optional={"objective"})
        version = sheet_version(sheet)
        if version in sheets:
            raise ambiguous([sheets[version].path, path], "--annotations FILE")
        sheets[version] = sheet
    version = min(sheets)
    if len(sheets) > 1:
        say(f"sheets of {' and '.join(sorted(sheets))} are here: {version} defines the CDE list")
    return sheets[version], version


def _ranges(sheet: Sheet) -> dict[tuple[int, str], tuple[int, int]]:
    ranges = {}
    for row in sheet.rows:
        subject = subject_number(row.cells["subject"])
        onset, offset = as_integer(row.cells["onset"]), as_integer(row.cells["offset"])
        if subject is not None and onset is not None and offset is not None:
            ranges[subject, as_text(row.cells["clip"])] = onset, offset
    return ranges


class _Reading:
    """The rows read so far: what became of each, and which folders they claim."""

    def __init__(
        self, dataset: str, root: Path, tree: Tree, version: str, known: Sequence[KnownError]
    ) -> None:
        self.dataset, self.root, self.tree = dataset, root, tree
        self.version, self.known = version, known
        self.footage: list[Footage] = []
        self.skipped: list[Skipped] = []
        self.corrections: list[Correction] = []
        self._rows: dict[tuple[str, str], int] = {}
        self._claimed: set[Path] = set()

    def add(self, row: Row) -> None:
        """Turn a row into footage, or list why not."""
        number = subject_number(row.cells["subject"])
        written = printable(as_text(row.cells["subject"])) or "?"
        subject = f"sub{number:02d}" if number is not None else written
        name = printable(as_text(row.cells["clip"]))
        try:
            if number is None:
                raise Unusable(f"row {row.number}: {written!r} is no subject's number")
            self._read(row.number, row.cells, number, subject, name)
        except Unusable as reason:
            self._skip(subject, name, str(reason))

    def add_folders_without_row(self) -> None:
        """List the clips on disk that no row of the sheet names."""
        for number in sorted(self.tree.subjects):
            subject = f"sub{number:02d}"
            for name, folder in self._clips(number, subject):
                if folder not in self._claimed:
                    self._skip(subject, printable(name), "folder without a row in the sheet")

    def _read(
        self, row: int, cells: Mapping[str, object], number: int, subject: str, name: str
    ) -> None:
        if not name:
            raise Unusable(f"row {row} has no file name")
        first = self._rows.setdefault((subject, fold(name)), row)
        if first != row:
            raise Unusable(f"row {row} repeats row {first}")
        present = self.tree.clips(number, self.root)
        found = match(name, present)
        if found is None:
            raise Unusable("its row has no folder on disk")
        self._claimed.add(present[found])
        cells, corrections = correct_cells(
            cells, subject, name, self.known, f"{self.dataset}/{subject}/{name}"
        )
        clip = annotate(
            cells,
            dataset=self.dataset,
            subject=subject,
            name=name,
            sheet=self.version,
            fps=FPS,
            flags=tuple(f"corrected-{correction.field}" for correction in corrections),
        )
        self.footage.append(attach_frames(clip, list_frames(present[found], self.root)))
        self.corrections += corrections

    def _clips(self, number: int, subject: str) -> Iterator[tuple[str, Path]]:
        try:
            yield from self.tree.clips(number, self.root).items()
        except Unusable as reason:
            self._skip(subject, "*", str(reason))

    def _skip(self, subject: str, name: str, reason: str) -> None:
        self.skipped.append(Skipped(f"{self.dataset}/{subject}/{name}", reason))
