"""What differs from the usual and is meant well is read."""

from pathlib import Path

import cv2
import pytest

from tests.data.conftest import workbook
from tests.preprocess.bad_inputs import (
    HEADER,
    ROWS,
    Change,
    Type,
    case,
    rows,
    write_table,
)


def _workbook(root: Path) -> list[object]:
    above = [["Codes of our clips"], [], ["subject: the folder"], []]
    lines = [[None, *HEADER.split(","), None]]
    lines += [[None, *row.split(","), None, "noted"] for row in ROWS]
    for line in lines[1:]:
        line[3], line[4] = float(line[3]), f" {line[4]}.0 "
    (root / "clips.xlsx").write_bytes(workbook([*above, *lines]))
    return ["--annotations", root / "clips.xlsx"]


def _numbers(root: Path) -> None:
    (root / "anna").rename(root / "001")
    write_table(
        root, [row.replace("anna", n) for row, n in zip(ROWS, ("1", "1.0", ""), strict=True)]
    )


def _windows(root: Path) -> None:
    text = "\r\n".join([HEADER, *(row.replace("8,14", "\uff18, 14 ") for row in ROWS)])
    (root / "clips.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())


def _kinds(root: Path) -> None:
    folder = root / "ben" / "brows"
    for number, suffix in ((2, ".jpg"), (3, ".bmp"), (4, ".JPEG")):
        image = cv2.imread(str(folder / f"img{number}.png"))
        (folder / f"img{number}.png").unlink()
        (folder / f"img{number}{suffix}").write_bytes(cv2.imencode(suffix, image)[1].tobytes())
    for stray in ("Thumbs.db", ".DS_Store", "._img1.png", "notes.txt"):
        (folder / stray).write_bytes(b"stray")


def _deep(root: Path) -> list[object]:
    place = root.parent / "資料 Ünïcôdé" / ("y" * 200) / ("z" * 200)
    place.parent.mkdir(parents=True)
    root.rename(place)
    return ["--root", place]


def _links(root: Path) -> None:
    (root / "anna" / "self").symlink_to("self")
    (root / "anna" / "up").symlink_to(root)


READ = [
    case(
        pytest.mark.promise("input 10", "input 12", "input 13", "input 19"),
        change=_workbook,
        says=("3 clips",),
        name="workbook",
    ),
    case(
        pytest.mark.promise("input 13"),
        change=_numbers,
        says=("2 clips",),
        name="numbers for subjects",
    ),
    case(
        pytest.mark.promise("input 14"),
        change=_windows,
        says=("3 clips",),
        name="mark, line ends, wide digits, blanks",
    ),
    case(
        pytest.mark.promise("input 15"),
        change=lambda _: None,
        says=("1 apex-missing",),
        name="apex is a slash",
    ),
    case(
        pytest.mark.promise("input 18"),
        change=rows(*ROWS[:2], "ben,brows,1,99,surprise,3,30"),
        says=("1 truncated",),
        name="offset past the last frame",
    ),
    case(
        pytest.mark.promise("input 24"),
        change=rows(*ROWS[:2], "ben,brows,1,7,Others,3,30"),
        says=("1 others",),
        name="Others",
    ),
    case(
        pytest.mark.promise("input 24"),
        change=rows(*ROWS[:2], "ben,brows,1,7,boredom,3,30"),
        says=("1 emotion-unknown",),
        name="unknown emotion",
    ),
    case(
        pytest.mark.promise("input 25"),
        change=lambda root: (root / "ben" / "brows" / "img7.png").unlink(),
        says=("1 short-clip",),
        name="one frame too few",
    ),
    case(
        pytest.mark.promise("input 26"),
        change=lambda _: None,
        says=("sampled   3 clips, 18 instances\n",),
        name="just enough",
    ),
    case(
        pytest.mark.promise("input 27"),
        change=lambda root: (root / "ben" / "brows" / "img4.png").unlink(),
        says=("1 frame-gap",),
        name="gap",
    ),
    case(
        pytest.mark.promise("input 28"),
        change=lambda _: None,
        says=("3 clips",),
        name="unpadded numbers",
    ),
    case(
        pytest.mark.promise("input 29"),
        change=_kinds,
        says=("3 clips",),
        name="kinds of pictures, strays",
    ),
    case(
        pytest.mark.promise("input 41"),
        change=_deep,
        says=("3 clips",),
        name="long path in any script",
    ),
    case(pytest.mark.promise("input 43"), change=_links, says=("3 clips",), name="loops"),
]


@pytest.mark.parametrize(("change", "says"), READ)
def test_what_is_meant_well_is_read(typed: Type, root: Path, change: Change, says: str) -> None:
    words = change(root) or []
    answer = typed("folder", "--root", root, "--dry-run", "--n-frames", 6, *words)
    assert (answer.code, answer.error) == (0, [])
    assert says in answer.out + "\n"
    loop = " 1 skipped" in answer.out and "/up  folder without a row in the sheet" in answer.out
    assert " 0 skipped" in answer.out or loop  # a link to the root looks like a clip of its own
