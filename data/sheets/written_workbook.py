"""Write .xlsx files: equal content gives equal bytes, and formulas have no stored value."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Mapping, Sequence

_DATE = datetime.datetime(2014, 5, 8)  # the same in every workbook, for equal bytes


def write_workbook(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """Make a workbook from the lines of its sheets.

    A text that begins with ``=`` becomes a formula without a stored value, as in a file that no
    spreadsheet program has opened yet. A line without values still becomes a row, with a format.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for number, line in enumerate(lines, start=1):
            sheet.append(list(line))
            if not any(cell is not None for cell in line):
                sheet.cell(number, 1).number_format = "@"
    stream = io.BytesIO()
    book.save(stream)
    return _undated(stream.getvalue())


def _undated(workbook: bytes) -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as dated,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as undated,
    ):
        for name in dated.namelist():
            content = dated.read(name)
            if name == "docProps/core.xml":
                stamp = f"{_DATE.isoformat()}Z".encode()
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
            member = zipfile.ZipInfo(name, _DATE.timetuple()[:6])
            undated.writestr(member, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
