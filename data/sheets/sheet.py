"""Sheet: the rows of an .xlsx or .csv, with columns found only by the words of the header."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.limits import SHEET_BYTES, SHEET_COLUMNS, SHEET_ROWS
from raicl.data.sheets.workbook import Grid, read_workbook

_HEADER_DEPTH = 50  # largest number of rows above the header; SAMM has 13

# with a decimal comma one or two zeros, because 1,000 may be a thousand
_INTEGER = re.compile(r"([+-]?[0-9]{1,18})(\.0+|,00?)?")


@dataclass(frozen=True)
class SheetRow:
    """One row: its number in the file, counted from 1, and the cell of each column found."""

    number: int
    cells: Mapping[str, object]


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes
    ----------
    path : the file.
    columns : the wanted columns that it has.
    rows : the rows with at least one filled cell in these columns.
    """

    path: Path
    columns: frozenset[str]
    rows: tuple[SheetRow, ...]


def read_sheet(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    *,
    optional: Collection[str] = (),
    worksheet: str = "",
) -> Sheet:
    """Read a table. The order of its columns, blank columns and rows above it do not matter.

    Parameters
    ----------
    path : an .xlsx file, or a .csv file in UTF-8 with commas, semicolons or tabs.
    columns : for each wanted column, the headers accepted for it, best first. Case, blanks and
        punctuation are ignored.
    optional : columns that may be absent.
    worksheet : title of the worksheet to read. If there is none with this title, the first one that
        has the columns is read.

    Raises
    ------
    InputError : the file is missing, unreadable, too large or damaged, or a column is absent or
        ambiguous.
    """
    nearest: tuple[dict[str, int], tuple[object, ...]] = {}, ()
    for grid in _candidates(path, worksheet):
        for top, line in enumerate(grid[:_HEADER_DEPTH]):
            places = _find_columns(line, columns)
            if set(columns) - set(places) <= set(optional):
                _refuse_twins(line, places, path)
                return Sheet(path, frozenset(places), _rows_below(grid, top, places))
            if len(places) > len(nearest[0]):
                nearest = places, line
    missing = sorted(set(columns) - set(nearest[0]) - set(optional))
    # quoted, because a cell may hold line breaks
    words = [repr(cell_text(cell)[:40]) for cell in nearest[1] if cell_text(cell)]
    raise InputError(
        f"no header with the column {columns[missing[0]][0]!r}"
        + (f"; found {', '.join(words)}" if words else ""),
        where=str(path),
        fix="name the columns " + ", ".join(columns[name][0] for name in columns),
    )


def _candidates(path: Path, worksheet: str) -> Iterator[Grid]:
    """The tables that may be the wanted one: worksheets, or a .csv cut at one delimiter each."""
    content = _read_content(path)
    if path.suffix.lower() == ".csv":
        yield from _read_csv(content, path)
        return
    titled = read_workbook(content, path)
    wanted = worksheet.casefold()
    named = [g for title, g in titled.items() if cell_text(title).casefold() == wanted]
    yield from named or titled.values()


def cell_text(cell: object) -> str:
    """A cell as trimmed text with plain characters; ``1``, ``1.0`` and ``'1'`` give the same."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return unicodedata.normalize("NFKC", str(cell)).strip()


def cell_integer(cell: object) -> int | None:
    """A cell as an integer, from ``46``, ``46.0``, ``46,0`` or ``'46'``; None for anything else."""
    if isinstance(cell, bool):
        return None
    found = _INTEGER.fullmatch(cell_text(cell))
    return int(found[1]) if found else None


def read_grids(path: Path) -> dict[str, Grid]:
    """The cells of each worksheet by title, row by row. A .csv is one worksheet without a title.

    Raises
    ------
    InputError : the file is missing, unreadable, too large or damaged.
    """
    content = _read_content(path)
    if path.suffix.lower() == ".csv":
        return {"": next(_read_csv(content, path))}
    return read_workbook(content, path)


def _read_content(path: Path) -> bytes:
    if not path.exists():
        raise InputError("the sheet does not exist", where=str(path), fix="check --annotations")
    if not path.is_file():
        raise InputError("the sheet is not a file", where=str(path), fix="check --annotations")
    try:
        with path.open("rb") as stream:
            content = stream.read(SHEET_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"the sheet cannot be read: {error.strerror}",
            where=str(path),
            fix="check its permissions",
        ) from error
    if len(content) > SHEET_BYTES:
        raise InputError(
            f"the sheet is larger than {SHEET_BYTES:,} bytes",
            where=str(path),
            fix="name the official sheet with --annotations FILE",
        )
    return content


def _read_csv(content: bytes, path: Path) -> Iterator[Grid]:
    """A .csv cut at each delimiter, that of its first line first, which may be a comment."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8: {error.reason} at byte {error.start}",
            where=str(path),
            fix="save the file as CSV UTF-8",
        ) from error
    header = next((line for line in text.splitlines() if line.strip()), "")
    # spreadsheet programs write semicolons where the comma is the decimal sign
    delimiters = sorted(",;\t", key=header.count, reverse=True)
    for delimiter in [delimiters[0], *(other for other in delimiters[1:] if other in text)]:
        yield _cut(text, delimiter, path)


def _cut(text: str, delimiter: str, path: Path) -> Grid:
    grid: Grid = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            grid.append(tuple(cells[:SHEET_COLUMNS]))
            if len(grid) > SHEET_ROWS:
                raise csv.Error(f"more than {SHEET_ROWS} rows")
    except csv.Error as error:
        raise InputError(
            f"not a CSV file: {error}", where=str(path), fix="correct the file"
        ) from error
    return grid


def _plain(header: object) -> str:
    return "".join(c for c in cell_text(header).casefold() if c.isalnum())


def _find_columns(line: Sequence[object], columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Index of each wanted column in a line that may be the header."""
    words = [_plain(cell) if isinstance(cell, str) else "" for cell in line]
    places = {}
    for name, headers in columns.items():
        word = next((w for w in map(_plain, headers) if w in words), None)
        if word is not None:
            places[name] = words.index(word)
    return places


def _refuse_twins(line: Sequence[object], places: Mapping[str, int], path: Path) -> None:
    words = [_plain(cell) for cell in line]
    twins = [cell_text(line[i]) for i in places.values() if words.count(words[i]) > 1]
    if twins:
        raise InputError(
            f"two columns are called {twins[0]!r}",
            where=str(path),
            fix="rename one of them in a copy and name that with --annotations",
        )


def _rows_below(grid: Grid, top: int, places: Mapping[str, int]) -> tuple[SheetRow, ...]:
    rows = []
    for number, line in enumerate(grid[top + 1 :], start=top + 2):
        cells = {name: line[i] if i < len(line) else None for name, i in places.items()}
        if any(cell_text(cell) for cell in cells.values()):
            rows.append(SheetRow(number, cells))
    return tuple(rows)
