"""A miniature CAS(ME)^3, part A: whole videos or cut clips, several expressions in one video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from raicl.data.miniature.material import put_frames, put_sheet, put_strays
from raicl.data.sheets.written_workbook import write_workbook


class Casme3Row(NamedTuple):
    """A row of the sheet, where every cell is text."""

    subject: str
    name: str
    onset: str
    apex: str
    offset: str
    units: str
    objective: str
    emotion: str


# in the order of the subjects as text, like the original
ROWS = (
    Casme3Row("spNO.1", "a", "8", "11", "14", "4", "III", "disgust"),  # crosses 9 to 10
    Casme3Row("spNO.1", "a", "96", "99", "104", "R1+R2", "II", "surprise"),  # crosses 99 to 100
    Casme3Row("spNO.1", "a", "102", "104", "110", "12", "I", "happy"),  # overlaps the one before
    Casme3Row("spNO.1", "b", "20", "21", "22", "43", "VII", "others"),  # three frames
    Casme3Row("spNO.12", "e", "52", "56", "0", "20", "IV", "fear"),  # no offset
    Casme3Row("spNO.12", "e", "97", "103", "0", "20", "IV", "fear"),  # again in the same video
    Casme3Row("spNO.14", "d", "112", "53", "119", "15", "VI", "sad"),  # apex before the onset
    Casme3Row("spNO.2", "a", "30", "30", "41", "4+5", "V", "anger"),  # apex is the onset
    Casme3Row("spNO.21", "c", "15", "18", "3470", "4", "III", "disgust"),  # a digit too many
    Casme3Row("spNO.21", "d", "148", "62", "71", "4", "III", "disgust"),  # onset after offset
    Casme3Row("spNO.21", "e", "0", "0", "6", "1", "II", "surprise"),  # there is no 0.jpg
    Casme3Row("spNO.3", "J", "40", "43", "47", "14", "VII", "Others"),  # its folder is `j`
)
WITHOUT_FOLDER = Casme3Row("spNO.30", "f", "50", "52", "57", "4", "III", "disgust")
WITHOUT_ROW = ("spNO.2", "b", "70")
GAPS = {("spNO.1", "a"): (100, 101), ("spNO.2", "a"): (36,)}  # dropped by the camera
DAMAGED = ("spNO.3", "J", 45)  # a file of zero bytes
# the true first and last frame of the expressions that the sheet has wrong
TRUTH = {
    ("spNO.12", "e", "52"): (52, 60),
    ("spNO.12", "e", "97"): (97, 110),
    ("spNO.21", "c", "15"): (15, 34),
    ("spNO.21", "d", "148"): (58, 71),
    ("spNO.21", "e", "0"): (1, 6),
}

SHEET = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
# release: folder of the subjects or of the clips, folder of the sheet
RELEASES = {
    "split": (
        Path("part_A", "data", "part_A_split", "part_A"),
        Path("part_A", "annotation"),
    ),
    "clip": (Path("Part_A_ME_clip", "Part_A_ME_clip", "frame"), Path()),
}
_HEADER = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
_FIRST = 7  # number of a video's first frame; the camera drops the ones before
_TAIL = 5  # number of frames of a video after its last expression

Frames = dict[tuple[str, str], list[int]]  # frame numbers of each video, by subject and file name


def write_casme3(
    folder: Path,
    release: str = "split",
    *,
    rows: Sequence[Casme3Row] = ROWS,
    flaws: bool = True,
    nesting: Path | None = None,
    empty: bool = False,
    cell: Callable[[str], object] = str,
) -> Path:
    """Write the miniature and return the folder of the subjects or, if cut, of the clips.

    Parameters
    ----------
    release : ``split`` (whole videos beside their depth) or ``clip`` (cut from onset to offset).
    flaws : add a row without a folder, a folder without a row and a file of zero bytes.
    nesting : path below `folder` of the subjects or clips; None takes that of the archive.
    empty : write files without bytes, and no depth.
    cell : makes a cell that holds a number: `str` as in the original, or `int`.
    """
    usual, sheet_folder = RELEASES[release]
    if nesting is not None:
        usual, sheet_folder = nesting, Path("annotation")
    tree = folder / usual
    (_write_videos if release == "split" else _write_clips)(tree, rows, empty=empty)
    if flaws:
        subject, name, onset = WITHOUT_ROW
        video = Path(subject, name, "color") if release == "split" else Path("_".join(WITHOUT_ROW))
        put_frames(tree / video, [f"{n}.jpg" for n in range(int(onset), int(onset) + 5)])
        _damage(tree, rows, release)
    lines = table([*rows, WITHOUT_FOLDER] if flaws else rows, cell=cell)
    put_sheet(folder / sheet_folder / SHEET, casme3_workbook(lines))
    put_strays(folder, tree)
    return tree


def table(
    rows: Sequence[Casme3Row] = ROWS, *, cell: Callable[[str], object] = str
) -> list[list[object]]:
    """The lines of the sheet."""
    lines: list[list[object]] = [[*_HEADER]]
    for row in rows:
        numbers = [cell(text) for text in (row.onset, row.apex, row.offset)]
        lines.append([row.subject, row.name, *numbers, row.units, row.objective, row.emotion])
    return lines


def casme3_workbook(lines: Sequence[Sequence[object]]) -> bytes:
    """The workbook as it is distributed, with two empty sheets after the first."""
    return write_workbook({"label": lines, "Sheet1": [], "Sheet3": []})


def sized_rows(
    release: str = "split", clips: int = 860, videos: int = 463
) -> tuple[Casme3Row, ...]:
    """Rows for a tree of the real size: 860 clips of 94 subjects, over 25,000 colour frames.

    The videos of ``split`` are as short as their clips allow; the real ones are far longer.
    """
    spread = 27 if release == "split" else 33  # frames from one onset to the next
    emotions = ("disgust", "surprise", "others", "fear", "anger", "sad", "happy")
    rows = []
    for clip in range(clips):
        video, place = clip % videos, clip // videos
        onset = 10 + place * spread
        subject, name = f"spNO.{video % 94 + 1}", "abcdefghijklm"[video // 94]
        apex, offset = str(onset + 8), str(onset + spread - 4)
        row = Casme3Row(subject, name, str(onset), apex, offset, "4", "III", emotions[clip % 7])
        rows.append(row)
    return tuple(rows)


def _span(row: Casme3Row) -> tuple[int, int]:
    known = TRUTH.get((row.subject, row.name, row.onset))
    return known or (int(row.onset), int(row.offset))


def _on_disk(row: Casme3Row, numbers: Iterable[int]) -> list[str]:
    gaps = GAPS.get((row.subject, row.name), ())
    return [f"{n}.jpg" for n in numbers if n not in gaps]


def _write_videos(tree: Path, rows: Sequence[Casme3Row], *, empty: bool) -> None:
    """Write ``spNO.1/a/color/8.jpg`` and ``spNO.1/a/depth/8.png``; numbers begin at 7."""
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in rows:
        spans.setdefault((row.subject, row.name), []).append(_span(row))
    first_rows = {(row.subject, row.name): row for row in reversed(rows)}
    for video, found in spans.items():
        first = min(_FIRST, *(onset for onset, _ in found))
        last = max(offset for _, offset in found) + _TAIL
        names = _on_disk(first_rows[video], range(first, last + 1))
        folder = tree / video[0] / video[1].lower()
        put_frames(folder / "color", names, empty=empty)
        if not empty:
            _put_depth(folder / "depth", names)


def _write_clips(tree: Path, rows: Sequence[Casme3Row], *, empty: bool) -> None:
    """Write ``frame/spNo.1_a_8/8.jpg``, named by the annotated onset, and siblings without frames.

    The folders have a small ``o``, unlike the sheet.
    """
    for row in rows:
        onset, offset = _span(row)
        names = _on_disk(row, range(onset, offset + 1))
        clip = f"{row.subject.replace('NO', 'No')}_{row.name.lower()}_{row.onset}"
        put_frames(tree / clip, names, empty=empty)
        if not empty:
            _put_depth(tree.with_name("depth") / clip, names)
    if not empty:
        video = tree.with_name("video") / "spNO.1_a_8.mp4"
        video.parent.mkdir(exist_ok=True)
        video.write_bytes(b"ftyp")


def _put_depth(folder: Path, names: Sequence[str]) -> None:
    """Write the depth of the first two frames, enough to be mistaken for frames."""
    put_frames(folder, [name.replace("jpg", "png") for name in names[:2]], grey=True)


def _damage(tree: Path, rows: Sequence[Casme3Row], release: str) -> None:
    subject, name, number = DAMAGED
    for row in rows:
        if (row.subject, row.name) == (subject, name):
            clip = Path(subject, name.lower(), "color")
            if release == "clip":
                clip = Path(f"{subject.replace('NO', 'No')}_{name.lower()}_{row.onset}")
            (tree / clip / f"{number}.jpg").write_bytes(b"")
