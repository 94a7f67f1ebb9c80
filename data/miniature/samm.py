"""A miniature SAMM: names padded per video, a sheet below 13 lines of preamble, formulas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from raicl.data.miniature.material import put_frames, put_sheet, put_strays
from raicl.data.sheets.written_workbook import write_workbook


class SammRow(NamedTuple):
    """A row of the sheet; the clip's name begins with its video, ``<subject>_<inducement>``."""

    subject: str
    name: str
    onset: int
    apex: int
    offset: int
    units: int | str
    emotion: str
    objective: int

    @property
    def inducement(self) -> int:
        """Number of the film that was shown."""
        return int(self.name.split("_")[1])


ROWS = (
    SammRow("006", "006_1_2", 95, 99, 104, "12+15 ", "Happiness", 1),  # crosses 99 to 100; a blank
    SammRow("006", "006_1_3", 366, 370, 374, "(R6 or R12)+R15", "Other", 7),  # five digits, 00370
    SammRow("006", "006_3_1", 7, 9, 13, 4, "Anger", 7),  # crosses 9 to 10; four digits
    SammRow("011", "011_3_10", 9160, 9163, 9167, 2, "Surprise", 2),
    SammRow(
        "011", "011_3_9", 9120, 9120, 9126, "R14+17+soft focus", "Contempt", 7
    ),  # apex is onset
    SammRow("014", "014_4_1", 120, 131, 126, "10A/B", "Disgust", 3),  # apex after offset
    SammRow("021", "021_3_1", 4520, 1526, 4531, 25, "Fear", 5),  # a typing error, before the onset
    SammRow("037", "037_1_1", 12345, 12350, 12354, "1+4", "Sadness", 6),
)
GAP = ("021_3_1", 4524)  # a frame that is not on disk
WITHOUT_FOLDER = SammRow("037", "037_3_2", 210, 215, 221, 4, "Anger", 7)
WITHOUT_ROW = ("011", "011_6_9")

SHEET = "SAMM_Micro_FACS_Codes_v2.xlsx"
_WIDE = {"006_1", "037_1"}  # videos whose numbers have five digits; the others have four
_BLANK: list[list[object]] = [[None]] * 11
_HEADER = (
    *("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame"),
    *("Duration", "Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes"),
)


def write_samm(
    folder: Path,
    *,
    rows: Sequence[SammRow] = ROWS,
    flaws: bool = True,
    nesting: Path = Path("SAMM", "SAMM"),
    preamble: bool = True,
    subject: Callable[[str], object] = str,
) -> Path:
    """Write the miniature and return the folder of the subjects.

    Parameters
    ----------
    flaws : add a gap, a row without a folder and a folder without a row.
    nesting : path below `folder` of the subjects; ``SAMM_CROP`` and others circulate too.
    preamble : whether the header is in line 14, below title and citations. In copies that were
        saved again it is in line 1.
    subject : makes a subject's cell: `str` as in the original, or `int`.
    """
    tree = folder / nesting
    for row in rows:
        numbers = range(row.onset, row.offset + 1)
        names = [frame_name(row, n) for n in numbers if not flaws or (row.name, n) != GAP]
        put_frames(tree / row.subject / row.name, names, grey=True)
    listed = [*rows, WITHOUT_FOLDER] if flaws else list(rows)
    if flaws:
        names = [f"{WITHOUT_ROW[0]}_{n:04d}.jpg" for n in range(10, 15)]
        put_frames(tree.joinpath(*WITHOUT_ROW), names, grey=True)
    lines = table(listed, preamble=preamble, subject=subject)
    put_sheet(folder / SHEET, write_workbook({"MICRO_ONLY": lines}))
    first = rows[0]
    put_strays(
        folder, tree, tree / first.subject / first.name, frame=frame_name(first, first.onset)
    )
    return tree


def frame_name(row: SammRow, number: int) -> str:
    """File name of a frame. Its number of digits depends on the video, not on the clip."""
    width = 5 if row.name.rsplit("_", 1)[0] in _WIDE else 4
    return f"{row.subject}_{number:0{width}d}.jpg"


def table(
    rows: Sequence[SammRow] = ROWS,
    *,
    preamble: bool = True,
    subject: Callable[[str], object] = str,
) -> list[list[object]]:
    """The lines of the sheet; `Duration` is a formula without a stored value."""
    lines: list[list[object]] = []
    if preamble:
        lines = [["Micro-movements, coded"], *_BLANK]
        lines += [["Subject to a licence", None, "/ = not visible"]]
    lines.append([*_HEADER])
    for row in rows:
        number = len(lines) + 1
        lines.append(
            [
                *(subject(row.subject), row.name, row.inducement, row.onset, row.apex, row.offset),
                f"=SUM(F{number}-D{number})+1",
                *("Micro - 1/2", row.units, row.emotion, row.objective, None),
            ]
        )
    return lines
