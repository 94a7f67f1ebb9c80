"""Workbooks in the old .xls format, if xlrd is installed."""

from __future__ import annotations

import io
from importlib.util import find_spec

INSTALL_XLRD = "pip install xlrd"

_EMPTY, _BLANK, _ERROR, _BOOLEAN = 0, 6, 5, 4  # cell types of xlrd that are no plain value


def reads_old_workbooks() -> bool:
    """Whether xlrd is installed."""
    return find_spec("xlrd") is not None


def read_old_workbook(content: bytes, columns: int) -> dict[str, list[tuple[object, ...]]]:
    """The values of every worksheet by its title, row by row, the first `columns` of each.

    A damaged file can raise almost any exception.
    """
    import xlrd

    # a logfile, because xlrd prints its warnings about a file to the standard output
    book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO())
    return {
        sheet.name: [
            tuple(_value(cell) for cell in sheet.row(number)[:columns])
            for number in range(sheet.nrows)
        ]
        for sheet in book.sheets()
    }


def _value(cell: object) -> object:
    kind, value = cell.ctype, cell.value  # type: ignore[attr-defined]
    if kind in (_EMPTY, _BLANK):
        return None
    if kind == _ERROR:
        return "#ERROR"  # the value of an error is a code, which would be taken for a number
    return bool(value) if kind == _BOOLEAN else value
