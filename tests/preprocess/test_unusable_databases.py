"""What cannot be read at all ends in words and exit code 3, before anything is computed."""

import shutil
from pathlib import Path

import pytest

from tests.data.bombs import ENCRYPTED, OLD_XLS, SHEET_XML, entity_bomb, zip_bomb
from tests.preprocess.bad_inputs import (
    HEADER,
    ROWS,
    Change,
    Type,
    case,
    put,
    refused,
    rows,
)


def _missing(root: Path) -> list[object]:
    return ["--root", root / "none"]


def _empty(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


def _archive(root: Path) -> list[object]:
    shutil.make_archive(str(root), "zip", root)
    return ["--root", root.with_suffix(".zip")]


def _second_table(root: Path) -> None:
    shutil.copy(root / "clips.csv", root / "clips (2).csv")
    with (root / "clips.csv").open("a") as stream:
        stream.write("\n")


UNUSABLE = [
    case(
        pytest.mark.promise("input 1"),
        change=_missing,
        says=("--root does not exist", "--root DIR"),
        name="missing",
    ),
    case(
        pytest.mark.promise("input 2"),
        change=_empty,
        says=("no .csv with the columns", "write one"),
        name="empty",
    ),
    case(
        pytest.mark.promise("input 3"),
        change=lambda root: ["--root", root.parent],
        says=("no .csv with the columns", "did you mean --root"),
        name="one level too high",
    ),
    case(
        pytest.mark.promise("input 3"),
        change=lambda root: ["--root", root / "anna"],
        says=("no .csv with the columns", "did you mean --root"),
        name="one level too low",
    ),
    case(
        pytest.mark.promise("input 4"),
        change=_archive,
        says=("names a file, not a folder", "unpack"),
        name="zip",
    ),
    case(
        pytest.mark.promise("input 5"),
        change=lambda root: (root / "clips.csv").unlink(),
        says=("no .csv with the columns", "write one, or name it with --annotations"),
        name="no sheet",
    ),
    case(
        pytest.mark.promise("input 6"),
        change=_second_table,
        says=("2 candidates", "--annotations FILE"),
        name="two sheets",
    ),
    case(
        pytest.mark.promise("input 7"),
        change=put("a.xlsx", b"PK\x03\x04" + bytes(200)),
        says=("not an .xlsx file", "get the file again"),
        name="corrupt sheet",
    ),
    case(
        pytest.mark.promise("input 7"),
        change=put("a.xlsx", ENCRYPTED),
        says=("password-protected", "without a password"),
        name="protected sheet",
    ),
    case(
        pytest.mark.promise("input 7"),
        change=put("a.xls", OLD_XLS),
        says=("sheet", "xlsx"),
        name="old sheet",
    ),
    case(
        pytest.mark.promise("input 8"),
        change=put("a.xlsx", entity_bomb(SHEET_XML)),
        says=("the sheet defines XML entities", "get the file again"),
        name="entity bomb",
    ),
    case(
        pytest.mark.promise("input 9"),
        change=put("a.xlsx", zip_bomb()),
        says=("the sheet expands from", "get the file again"),
        name="zip bomb",
    ),
    case(
        pytest.mark.promise("input 11"),
        change=rows(*ROWS, header=HEADER.replace("offset", "letztes Bild")),
        says=("no header with the column 'offset'; found 'subject'", "name the columns"),
        name="translated column",
    ),
    case(
        pytest.mark.promise("input 11"),
        change=rows(*ROWS, header=HEADER.replace("apex", "onset")),
        says=("two columns are called 'onset'", "rename one of them"),
        name="twice the same column",
    ),
    case(
        pytest.mark.promise("input 14"),
        change=put("a.csv", (HEADER + "\nJürgen,a,1,2,x,,").encode("latin-1")),
        says=("not UTF-8", "save the file as CSV UTF-8"),
        name="latin-1",
    ),
    case(
        pytest.mark.promise("input 11"),
        change=put("a.csv", b""),
        says=("no header with the column", "name the columns"),
        name="an empty sheet",
    ),
]


@pytest.mark.parametrize(("change", "cause", "fix"), UNUSABLE)
def test_what_cannot_be_read_is_refused(
    typed: Type, root: Path, change: Change, cause: str, fix: str
) -> None:
    words = change(root) or []
    refused(typed("folder", "--root", root, "--dry-run", *words), 3, cause, fix)
