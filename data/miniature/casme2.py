"""A miniature CASME II: its three releases, both versions of its sheet, and its oddities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from raicl.data.miniature.material import put_frames, put_sheet, put_strays
from raicl.data.sheets.written_workbook import write_workbook


class Casme2Row(NamedTuple):
    """A row of the sheet of 2014."""

    subject: str
    name: str
    onset: int
    apex: int | str
    offset: int
    units: int | str
    emotion: str


ROWS = (
    Casme2Row("01", "EP01_2", 5, 9, 14, 4, "happiness"),  # crosses 9 to 10; an odd name
    Casme2Row("01", "EP02_01f", 96, 99, 104, "4+L10", "disgust"),  # crosses 99 to 100
    Casme2Row("01", "EP02_02", 30, "/", 36, 12, "surprise"),  # no apex
    Casme2Row("02", "EP06_02_01", 40, 40, 46, "?", "repression"),  # apex is the onset
    Casme2Row("02", "EP06_02_02", 50, 55, 55, 1, "surprise"),  # apex is the offset
    Casme2Row("02", "EP09f", 60, 62, 66, 4, "others"),
    Casme2Row("03", "EP01_01", 70, 72, 76, 4, "fear"),
    Casme2Row("03", "EP02_03", 80, 82, 86, 15, "sadness"),
    Casme2Row("24", "EP07_01", 20, 22, 26, 1, "sadness"),  # surprise in the sheet of 2019
)
TRUNCATED = Casme2Row("24", "EP08_1", 61, 64, 75, "4+7", "disgust")  # `cropped` ends at LAST
LAST = 68
WITHOUT_FOLDER = Casme2Row("03", "EP05_01", 30, 33, 37, 4, "others")
WITHOUT_ROW = ("sub02", "EP05_09f")

# release: folder of the subjects, prefix of a picture's name
RELEASES = {
    "raw-selected": (Path("CASME2_RAW_selected", "CASME2_RAW_selected"), "img"),
    "raw-full": (Path("CASME2-RAW", "CASME2-RAW"), "img"),
    "cropped": (Path("Cropped", "Cropped"), "reg_img"),
}
SHEETS = {"2014": "CASME2-coding-20140508.xlsx", "2019": "CASME2-coding-20190701.xlsx"}

_HEADER = (
    *("Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None),
    *("Action Units", "Estimated Emotion"),
)


def write_casme2(
    folder: Path,
    release: str = "raw-selected",
    *,
    rows: Sequence[Casme2Row] = ROWS,
    flaws: bool = True,
    versions: Sequence[str] = ("2014",),
    nesting: Path | None = None,
    subject: Callable[[str], object] = str,
) -> Path:
    """Write the miniature and return the folder of the subjects.

    Parameters
    ----------
    release : key of `RELEASES`.
    flaws : add a truncated clip, a row without a folder and a folder without a row.
    versions : sheets to write, keys of `SHEETS`.
    nesting : path below `folder` of the subjects' folder; None takes that of the archive.
    subject : makes a subject's cell: `str` as in the original, or `int`.
    """
    usual, prefix = RELEASES[release]
    tree = folder / (usual if nesting is None else nesting)
    listed = [*rows, TRUNCATED, WITHOUT_FOLDER] if flaws else list(rows)
    for row in listed:
        if row != WITHOUT_FOLDER:
            numbers = _numbers(row, release)
            put_frames(tree / f"sub{row[0]}" / row[1], [f"{prefix}{n}.jpg" for n in numbers])
    if flaws:
        put_frames(tree.joinpath(*WITHOUT_ROW), [f"{prefix}{n}.jpg" for n in range(10, 15)])
    for version in versions:
        lines = table(version, listed, subject=subject)
        put_sheet(folder / SHEETS[version], casme2_workbook(lines))
    first = tree / f"sub{listed[0][0]}" / listed[0][1]
    put_strays(folder, tree, first, frame=f"{prefix}{listed[0][2]}.jpg")
    (folder / "__MACOSX" / first.relative_to(tree)).mkdir(parents=True, exist_ok=True)
    return tree


def table(
    version: str = "2014",
    rows: Sequence[Casme2Row] = ROWS,
    *,
    subject: Callable[[str], object] = str,
) -> list[list[object]]:
    """The lines of a sheet, including the two columns without a header."""
    lines: list[list[object]] = [[*_HEADER]]
    for written, name, onset, apex, offset, units, emotion in rows:
        lines.append([subject(written), name, None, onset, apex, offset, None, units, emotion])
    if version == "2019":
        lines[0].append("Objective Classes")
        for line, row in zip(lines[1:], rows, strict=True):
            line.append(3)
            if (row[0], row[1]) == ("24", "EP07_01"):
                line[8] = "surprise"
    return lines


def casme2_workbook(lines: Sequence[Sequence[object]]) -> bytes:
    """The workbook as it is distributed, with two empty sheets after the first."""
    return write_workbook({"Sheet1": lines, "Sheet2": [], "Sheet3": []})


def _numbers(row: Casme2Row, release: str) -> range:
    onset, offset = row[2], row[4]
    if release == "raw-full":
        return range(1, offset + 4)
    return range(onset, (LAST if row == TRUNCATED and release == "cropped" else offset) + 1)
