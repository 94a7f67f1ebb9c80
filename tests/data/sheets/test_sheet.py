"""Sheets from strangers: found by header, bounded, and refused with a reason."""

import io
import os
import sys
import tracemalloc
import zipfile
from datetime import date
from pathlib import Path

import pytest
from defusedxml.common import EntitiesForbidden

from raicl.common.errors import InputError
from raicl.common.limits import SHEET_BYTES, SHEET_ROWS
from raicl.data.sheets.sheet import cell_integer, cell_text, read_sheet
from tests.data.bombs import (
    ENCRYPTED,
    MAIN,
    OLD_XLS,
    SHEET_XML,
    STRINGS,
    entity_bomb,
    repacked,
    zip_bomb,
)
from tests.data.conftest import workbook

COLUMNS = {"subject": ("Subject", "sub"), "onset": ("OnsetFrame", "Onset"), "note": ("Note",)}
LINES = [["Subject", None, "OnsetFrame"], ["01", None, 46], [None, None, None], ["02", None, 7.0]]


def read(path: Path) -> list[tuple[int, str, int | None]]:
    table = read_sheet(path, COLUMNS, optional={"note"})
    return [
        (r.number, cell_text(r.cells["subject"]), cell_integer(r.cells["onset"]))
        for r in table.rows
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sheet.xlsx"


def test_rows_are_found_below_the_header_wherever_it_stands(path: Path) -> None:
    path.write_bytes(workbook(LINES))
    assert read(path) == [(2, "01", 46), (4, "02", 7)]
    path.write_bytes(workbook([["Title"], ["Subject of this file"], [], *LINES]))
    assert read(path) == [(5, "01", 46), (7, "02", 7)]


def test_a_csv_is_read_like_the_workbook(path: Path, tmp_path: Path) -> None:
    path.write_bytes(workbook(LINES))
    text = "\n".join(",".join("" if c is None else str(c) for c in line) for line in LINES)
    table = tmp_path / "sheet.csv"
    for written in (text, text.replace(",", ";"), text.replace(",", "\t"), "\ufeff" + text):
        table.write_text(written, encoding="utf-8", newline="\r\n")
        assert read(table) == read(path)


@pytest.mark.parametrize(
    "header", ["onset_frame", " ONSET FRAME ", "Onset-Frame", "ＯｎｓｅｔＦｒａｍｅ"]
)
def test_headers_match_whatever_their_case_blanks_and_width(path: Path, header: str) -> None:
    path.write_bytes(workbook([["subject", None, header], *LINES[1:]]))
    assert read(path) == [(2, "01", 46), (4, "02", 7)]


def test_the_best_of_several_accepted_headers_is_taken(path: Path) -> None:
    path.write_bytes(workbook([["Onset", "Subject", "OnsetFrame"], [1, "01", 46]]))
    assert read(path) == [(2, "01", 46)]


def test_a_missing_column_is_named_beside_those_found(path: Path) -> None:
    path.write_bytes(workbook([["Subject", "Beginn"], ["01", 46]]))
    with pytest.raises(InputError, match=r"'OnsetFrame'; found 'Subject', 'Beginn'"):
        read(path)


def test_two_columns_of_one_name_are_refused(path: Path) -> None:
    path.write_bytes(workbook([["Subject", "Onset", "ONSET"], ["01", 46, 47]]))
    with pytest.raises(InputError, match="two columns are called 'Onset'"):
        read(path)


@pytest.mark.parametrize(
    ("cell", "integer"),
    [
        *[(46, 46), ("46", 46), (46.0, 46), (" 46.0 ", 46), ("４６", 46), ("+46", 46), (0, 0)],
        *[("-1", -1), (46.5, None), ("4e1", None), ("", None), (None, None), ("/", None)],
        *[(True, None), (date(2014, 5, 8), None), ("1" * 400, None), (float("nan"), None)],
        *[(float("inf"), None), ("1_000", None), ("#VALUE!", None)],
    ],
)
def test_only_whole_numbers_are_integers(cell: object, integer: int | None) -> None:
    assert cell_integer(cell) == integer


def refuse(path: Path, content: bytes, reason: str) -> InputError:
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert caught.value.fix
    return caught.value


def test_files_that_are_no_workbook_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlrd", None)  # as if it were not installed
    whole = workbook(LINES)
    refuse(path, b"", "not an .xlsx file")
    refuse(path, b"Subject,OnsetFrame", "not an .xlsx file")
    refuse(path, whole[: len(whole) // 2], "not an .xlsx file")
    refuse(path, OLD_XLS, r"old \.xls format")
    refuse(path, ENCRYPTED, "password-protected")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("frames/img1.jpg", b"jpg")
    refuse(path, stream.getvalue(), "damaged")


def test_no_flipped_byte_escapes_as_another_error(path: Path) -> None:
    whole = bytearray(workbook(LINES))
    refused = 0
    for position in range(0, len(whole), 97):
        broken = bytearray(whole)
        broken[position] ^= 0xFF
        path.write_bytes(broken)
        try:
            read(path)
        except InputError:
            refused += 1
    assert refused > 10


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "none.xlsx")
    with pytest.raises(InputError, match="not a file"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="not a file"):
        read(tmp_path / "pipe.csv")


@pytest.mark.promise("input 9")
def test_a_zip_bomb_is_refused_before_it_is_unpacked(path: Path) -> None:
    bomb = zip_bomb()
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        refuse(path, bomb, "expands from")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("member", ["xl/workbook.xml", SHEET_XML, STRINGS])
@pytest.mark.promise("input 8")
def test_an_entity_bomb_is_refused(path: Path, member: str) -> None:
    error: BaseException | None = refuse(path, entity_bomb(member), "XML entities")
    causes = []
    while error is not None:
        causes.append(type(error))
        error = error.__context__
    assert EntitiesForbidden in causes


def test_an_endless_sheet_is_refused(path: Path) -> None:
    row = '<row r="{}"><c r="A{}" t="inlineStr"><is><t>Subject</t></is></c></row>'
    rows = row.format(1, 1) + row.format(10**12, 10**12)
    content = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    refuse(path, repacked(SHEET_XML, content.encode()), f"more than {SHEET_ROWS} rows")


@pytest.mark.promise("input 14")
def test_a_csv_that_is_endless_broken_or_of_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    refuse(path, "Subject,OnsetFrame\nJürgen,1\n".encode("latin-1"), "not UTF-8")
    refuse(path, b"Subject,OnsetFrame\n" + b"1,2\n" * SHEET_ROWS, f"more than {SHEET_ROWS} rows")
    refuse(path, b'Subject,OnsetFrame\n"' + b"a" * 200_000, "not a CSV file")
    refuse(path, b"Subject,OnsetFrame\n" + b"1,2\n" * (SHEET_BYTES // 4), "larger than")
