"""SMIC-E: the long clips of SMIC's high-speed camera, with their sheet of onsets and offsets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.terminal.console import say
from raicl.data.disk.nesting import Tree
from raicl.data.readers.smic_tree import FPS, SUBJECTS, find_smic, parse_name
from raicl.data.records import Database
from raicl.data.sheets.corrections import KnownError
from raicl.data.sheets.find import find_sheet
from raicl.data.sheets.rows import Cells, Naming, read_rows
from raicl.data.sheets.sheet import SheetRow, cell_integer, cell_text, read_sheet

_COLUMNS = {
    "subject": ("Subject",),
    "clip": ("Filename",),
    "apex": ("ApexF",),
    # a clip may show up to three expressions, each with its length in frames
    "onset": ("OnsetF", "Onset1F"),
    "offset": ("OffsetF", "Offset1F"),
    "length": ("TotalMF1", "TotalMF"),
    "onset2": ("Onset2F",),
    "offset2": ("Offset2F",),
    "length2": ("TotalMF2",),
    "onset3": ("Onset3F",),
    "offset3": ("Offset3F",),
    "length3": ("TotalMF3",),
}
_REQUIRED = {"subject", "clip", "onset", "offset"}
_SHEET_NAME = re.compile("smic.*annotation", re.IGNORECASE)


@dataclass(frozen=True)
class _LongClips:
    """The folders of the long clips, by the clip's name as the composite list writes it."""

    tree: Tree

    @property
    def root(self) -> Path:
        return self.tree.root

    @property
    def subjects(self) -> Mapping[str, Path]:
        return self.tree.subjects

    def clips(self, subject: str) -> Mapping[str, Path]:
        present = self.tree.clips(subject)
        names = Counter(map(_called, present))
        return {
            # if two folders fit one clip, both keep their own names
            (_called(name) if names[_called(name)] == 1 else name): folder
            for name, folder in present.items()
        }


def read_smic_long(root: Path, annotations: Path | None, known: Sequence[KnownError]) -> Database:
    """Read SMIC-E's high-speed clips, ``SMIC-HS-E/s01/s1_ne_01/image559740.jpg``.

    A row with several expressions gives one clip for each. The emotion is taken from the clip's
    name. The sheet's column contradicts it once, and is wrong there.

    Parameters
    ----------
    root : the folder of the subjects or any folder above it, links resolved.
    annotations : the sheet, or None to look beside the frames and in the folders above `root`.
    known : corrections to apply.

    Raises
    ------
    InputError : there are no such clips, no sheet or several that differ, or it is unusable.
    """
    tree, layout = find_smic(root, "e-hs")
    path = find_sheet(root, [tree.path], named=_SHEET_NAME, annotations=annotations)
    sheet = read_sheet(path, _COLUMNS, optional=_COLUMNS.keys() - _REQUIRED, worksheet="hs")
    say(f"smic: {layout} long clips of hs, {tree.path}; sheet {path}")
    naming = Naming(
        subject=SUBJECTS.of_cell,
        folder=lambda cells: _called(cell_text(cells["clip"])),
        as_on_disk=True,
        several=True,
    )
    return read_rows(
        [part for row in sheet.rows for part in _expressions(row)],
        _LongClips(tree),
        naming,
        dataset="smic",
        layout=layout,
        known=known,
        version="e-hs",
        fps=FPS["hs"],
    )


def _called(text: str) -> str:
    name = parse_name(text)
    return str(name) if name else text


def _expressions(row: SheetRow) -> Iterator[SheetRow]:
    """One row per expression of a clip; none for a row that only holds copied-down formulas."""
    cells = row.cells
    if not cell_text(cells["subject"]) and not cell_text(cells["clip"]):
        return
    name = parse_name(cell_text(cells["clip"]))
    same = {"subject": cells["subject"], "clip": cells["clip"]}
    same["emotion"] = name.emotion if name else None
    for which in ("", "2", "3"):
        onset, offset = cells.get(f"onset{which}"), cells.get(f"offset{which}")
        if which and not cell_text(onset):
            continue
        if not cell_text(offset):
            offset = _offset(cells, which)
        apex = {} if which else {"apex": cells.get("apex")}
        yield SheetRow(row.number, {**same, "onset": onset, "offset": offset, **apex})


def _offset(cells: Cells, which: str) -> int | None:
    """Compute the offset, for which the sheet has a formula without a stored value."""
    onset, length = (
        cell_integer(cells.get(f"onset{which}")),
        cell_integer(cells.get(f"length{which}")),
    )
    return None if onset is None or length is None else onset + length - 1
