"""What spoils one clip costs this clip alone, and is listed with its reason."""

import os
import shutil
from pathlib import Path

import pytest

from tests.data.conftest import workbook
from tests.preprocess.bad_inputs import (
    HEADER,
    ROWS,
    Change,
    Type,
    case,
    rows,
)


def _outside(root: Path) -> None:
    shutil.move(root / "anna" / "smile", root.parent / "elsewhere")
    (root / "anna" / "smile").symlink_to(root.parent / "elsewhere")


def _pipe(root: Path) -> None:
    (root / "anna" / "smile" / "img9.png").unlink()
    os.mkfifo(root / "anna" / "smile" / "img9.png")


def _gif(root: Path) -> None:
    for path in (root / "anna" / "smile").iterdir():
        path.rename(path.with_suffix(".gif"))


def _formula(root: Path) -> list[object]:
    lines = [HEADER.split(","), *(row.split(",") for row in ROWS)]
    lines[1][2] = "=1+7"
    (root / "clips.xlsx").write_bytes(workbook(lines))
    return ["--annotations", root / "clips.xlsx"]


def other(row: str) -> Change:
    """Another first row."""
    return rows(row, *ROWS[1:])


SPOILT = [
    case(
        pytest.mark.promise("input 16"),
        change=other("anna,smile,14,8,x,,"),
        says=("onset 14 is not before",),
        name="backward",
    ),
    case(
        pytest.mark.promise("input 17"),
        change=other("anna,smile,8,8,x,,"),
        says=("onset 8 is not before",),
        name="one frame",
    ),
    case(
        pytest.mark.promise("input 18"),
        change=other("anna,smile,8,0,x,,"),
        says=("before its offset 0",),
        name="offset 0",
    ),
    case(
        pytest.mark.promise("input 19"),
        change=other("anna,smile,8.5,14,x,,"),
        says=("'8.5' is not a frame",),
        name="half frame",
    ),
    case(pytest.mark.promise("input 20"), change=_formula, says=("no onset",), name="formula"),
    case(
        pytest.mark.promise("input 20"),
        change=other("anna,smile,2014-05-08,14,x,,"),
        says=("not a frame number",),
        name="date",
    ),
    case(
        pytest.mark.promise("input 21"),
        change=rows(*ROWS, ROWS[0]),
        says=("row 5 repeats row 2",),
        name="the same row twice",
    ),
    case(
        pytest.mark.promise("input 21"),
        change=rows(*ROWS, "anna,smile,8,14,disgust,10,30"),
        says=("rows 2 and 5 disagree: emotion 'happiness' and 'disgust'; delete the wrong one",),
        name="two emotions",
    ),
    case(
        pytest.mark.promise("input 22"),
        change=other("anna,laugh,8,14,x,,"),
        says=("no folder on disk",),
        name="no folder",
    ),
    case(
        pytest.mark.promise("input 23"),
        change=rows(*ROWS[1:]),
        says=("folder without a row",),
        name="no row",
    ),
    case(
        pytest.mark.promise("input 24"),
        change=other("anna,smile,8,14,,,"),
        says=("its row has no emotion",),
        name="no emotion",
    ),
    case(
        pytest.mark.promise("input 29"),
        change=_gif,
        says=(".gif files are not read: save them as .png",),
        name="gif",
    ),
    case(
        pytest.mark.promise("input 42"),
        change=other("anna,../../etc/passwd,8,14,x,,"),
        says=("no folder on disk",),
        name="leads up",
    ),
    case(
        pytest.mark.promise("input 42"),
        change=other("anna,/etc,8,14,x,,"),
        says=("no folder on disk",),
        name="absolute",
    ),
    case(
        pytest.mark.promise("input 42"),
        change=other("anna,smi\0le,8,14,x,,"),
        says=("no folder on disk",),
        name="NUL",
    ),
    case(
        pytest.mark.promise("input 43"),
        change=_outside,
        says=("link that leads out of the database",),
        name="leads out",
    ),
    case(
        pytest.mark.promise("input 45"),
        change=_pipe,
        says=("img9.png is not a regular file",),
        name="pipe",
    ),
]


@pytest.mark.parametrize(("change", "says"), SPOILT)
def test_what_spoils_a_clip_is_listed_with_its_clip(
    typed: Type, root: Path, change: Change, says: str
) -> None:
    words = change(root) or []
    answer = typed("folder", "--root", root, "--dry-run", *words)
    assert (answer.code, answer.error) == (0, [])
    (line,) = (line for line in answer.out.splitlines() if says in line)
    assert line.split()[1].startswith("folder/anna/")
