"""A miniature SMIC with clips and no sheet, and a miniature SMIC-E with long clips and a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from raicl.data.miniature.material import put_frames, put_sheet, put_strays
from raicl.data.sheets.written_workbook import write_workbook

KINDS = {"ne": "negative", "po": "positive", "sur": "surprise"}


class SmicRow(NamedTuple):
    """A clip, with frame numbers that count through the whole recording."""

    subject: int
    kind: str
    number: int
    first: int
    frames: int

    @property
    def name(self) -> str:
        """The clip's folder. Neither database pads the subject's number in it."""
        return f"s{self.subject}_{self.kind}_{self.number:02d}"

    @property
    def numbers(self) -> range:
        """Frame numbers from onset to offset."""
        return range(self.first, self.first + self.frames)


ROWS = (
    SmicRow(1, "ne", 1, 76518, 13),  # five digits, written in six
    SmicRow(1, "po", 1, 999_995, 12),  # crosses from six digits to seven
    SmicRow(2, "sur", 1, 17_581_039, 14),  # eight digits
    SmicRow(3, "ne", 3, 559_740, 11),  # shorter than 16 middle frames; SMIC-E lacks it
    SmicRow(12, "sur", 2, 203_411, 15),  # called negative in SMIC-E's sheet
    SmicRow(20, "ne", 9, 120_034, 12),
    SmicRow(20, "ne", 10, 120_091, 12),  # comes after 9, but before it as text
)
EMPTY = SmicRow(12, "po", 1, 0, 0)  # a folder without a frame
GAP = ("s20_ne_09", 120_040)  # a frame that is not on disk

# release: folder of HS, NIR and VIS, prefix of a picture's name
RELEASES = {
    "raw": (Path("SMIC_all_raw", "SMIC_all_raw"), "image"),
    "cropped": (Path("SMIC_all_cropped"), "reg_image"),
}

SHEET_E = "SMIC-HS-E_annotation.xlsx"
NOT_IN_E = ("s3_ne_03",)
WRONG_EMOTION = ("s12_sur_02", "negative")
SECOND = ("s2_sur_01", 17_581_060, 12)  # onset and frames of a second expression
_LEAD = 6  # number of frames of a long clip before the onset, and after the last offset
_HEADER_E = (
    *("Subject", "Filename", None, "OnsetF", "OffsetF", "Onset2F", "Offset2F", None),
    *("FirstF", "LastF", "TotalMF1", "TotalMF2", "TotalVL", "Emotion"),
)


def write_smic(
    folder: Path,
    release: str = "raw",
    *,
    rows: Sequence[SmicRow] = ROWS,
    flaws: bool = True,
    nesting: Path | None = None,
) -> Path:
    """Write HS, its siblings and the rest of the archive, and return the folder ``HS``.

    Parameters
    ----------
    release : key of `RELEASES`.
    flaws : add an empty clip and a gap.
    nesting : path below `folder` of the folder with ``HS``; None takes that of the archive.
    """
    usual, prefix = RELEASES[release]
    above = folder / (usual if nesting is None else nesting)
    tree = above / "HS"
    for row in [*rows, EMPTY] if flaws else rows:
        names = [
            frame_name(n, f"{prefix}{{}}.bmp")
            for n in row.numbers
            if not flaws or (row.name, n) != GAP
        ]
        clip = Path(f"s{row.subject}", "micro", KINDS[row.kind], row.name)
        put_frames(tree / clip, names)
    first = rows[0]
    quiet = [frame_name(n, f"{prefix}{{}}.bmp") for n in range(76600, 76610)]
    put_frames(tree / f"s{first.subject}" / "non_micro" / f"s{first.subject}_n1", quiet)
    (tree / "li2013microexpressions.pdf").write_bytes(b"%PDF-")
    for camera in ("NIR", "VIS"):
        sibling = Path(camera, f"s{first.subject}", "micro", KINDS[first.kind], first.name)
        put_frames(above / sibling, quiet)
    put_strays(folder, tree, frame=quiet[0])
    return tree


def write_smic_e(
    folder: Path,
    *,
    rows: Sequence[SmicRow] = ROWS,
    nesting: Path = Path("SMIC-E_raw image", "HS_long", "SMIC-HS-E"),
) -> Path:
    """Write SMIC-E: subjects with two digits, more frames than annotated, and the sheet."""
    tree = folder / nesting
    kept = [row for row in rows if row.name not in NOT_IN_E]
    for row in kept:
        first, last = _long(row)
        names = [frame_name(n, "image{}.jpg") for n in range(first, last + 1)]
        put_frames(tree / f"s{row.subject:02d}" / row.name, names)
    visible = folder / "SMIC-E_raw image" / "VIS_long" / "SMIC VIS E" / "s01" / "s1 ne 01"
    put_frames(visible, [frame_name(n, "image{}.jpg") for n in range(100, 105)])
    put_sheet(folder / SHEET_E, write_workbook(sheets_e(kept)))
    put_strays(folder, tree)
    return tree


def frame_name(number: int, pattern: str) -> str:
    """File name of a frame: at least six digits."""
    return pattern.format(f"{number:06d}")


def sheets_e(rows: Sequence[SmicRow]) -> dict[str, list[list[object]]]:
    """SMIC-E's workbook: offsets and ends as formulas without a stored value, blank rows last."""
    high: list[list[object]] = [[*_HEADER_E]]
    visible: list[list[object]] = [["Subject", "Filename", None, "FirstF", "LastF"]]
    for line, row in enumerate(rows, start=2):
        first, last = _long(row)
        name, onset, frames = SECOND
        second = (onset, f"=F{line}+L{line}-1", frames) if row.name == name else (None,) * 3
        emotion = WRONG_EMOTION[1] if row.name == WRONG_EMOTION[0] else KINDS[row.kind]
        high.append(
            [
                *(row.subject, row.name, None, row.first, f"=D{line}+K{line}-1"),
                *(second[0], second[1], None, f"=VIS!D{line}", f"=VIS!E{line}"),
                *(row.frames, second[2], f"=J{line}-I{line}+1", emotion),
            ]
        )
        visible.append([row.subject, row.name, None, first, last])
    high += [[None] * len(_HEADER_E) for _ in range(3)]
    return {"HS": high, "VIS": visible, "Sheet2": [], "Sheet3": []}


def _long(row: SmicRow) -> tuple[int, int]:
    """First and last frame number of a long clip."""
    last = row.numbers[-1]
    if row.name == SECOND[0]:
        last = SECOND[1] + SECOND[2] - 1
    return row.first - _LEAD, last + _LEAD
