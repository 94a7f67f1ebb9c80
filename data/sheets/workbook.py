"""Read untrusted workbooks: bounded in size, no XML entities, formulas as their stored values."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path

from raicl.common.errors import InputError, SetupError
from raicl.common.limits import SHEET_COLUMNS, SHEET_RATIO, SHEET_ROWS, SHEET_UNZIPPED
from raicl.data.sheets.old_workbook import INSTALL_XLRD, read_old_workbook, reads_old_workbooks

_OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")  # container of the old .xls and of encrypted files

Grid = list[tuple[object, ...]]


def read_workbook(content: bytes, path: Path) -> dict[str, Grid]:
    """The values of every worksheet by its title, row by row.

    Parameters
    ----------
    content : the bytes of the file, read once, so that the checked bytes are the parsed ones.
    path : the file, for error messages.

    Raises
    ------
    InputError : the file is encrypted, an old .xls without xlrd, damaged or too large, or it
        expands too much.
    SetupError : defusedxml is missing; without it a sheet could exhaust the memory.
    """
    old = content.startswith(_OLE2)
    (_check_old if old else _check_archive)(content, path)
    try:
        grids = read_old_workbook(content, SHEET_COLUMNS) if old else _read_archive(content)
    except (MemoryError, SetupError):
        raise
    except Exception as error:  # a damaged file raises almost anything
        raise InputError(
            "the sheet defines XML entities, as no spreadsheet program does"
            if _is_forbidden(error)
            else f"the sheet is damaged: {type(error).__name__}: {error}".splitlines()[0],
            where=str(path),
            fix="get the file again, or open it and save it as .xlsx",
        ) from error
    for grid in grids.values():
        if len(grid) > SHEET_ROWS:
            raise InputError(
                f"the sheet has more than {SHEET_ROWS} rows",
                where=str(path),
                fix="delete the empty rows below the table and save it",
            )
    return grids


def _is_forbidden(error: BaseException) -> bool:
    """Whether a file was refused for what it would make of the parser; openpyxl wraps that."""
    from defusedxml import DefusedXmlException

    while error.__cause__ is not None and not isinstance(error, DefusedXmlException):
        error = error.__cause__
    return isinstance(error, DefusedXmlException)


def _read_archive(content: bytes) -> dict[str, Grid]:
    from openpyxl import DEFUSEDXML, load_workbook

    if not DEFUSEDXML:
        raise SetupError("defusedxml is not installed", fix="pip install defusedxml")
    with warnings.catch_warnings():
        # the warnings are about styles, validation lists and other things that are not read
        warnings.simplefilter("ignore", UserWarning)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        bounds = {"max_row": SHEET_ROWS + 1, "max_col": SHEET_COLUMNS}
        return {
            sheet.title: list(sheet.iter_rows(**bounds, values_only=True))
            for sheet in book.worksheets
        }


def _check_old(content: bytes, path: Path) -> None:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise InputError(
            "the sheet is password-protected",
            where=str(path),
            fix="open it and save it as .xlsx without a password",
        )
    if not reads_old_workbooks():
        raise InputError(
            "the sheet is in the old .xls format",
            where=str(path),
            fix=f"open it and save it as .xlsx, or `{INSTALL_XLRD}`",
        )


def _check_archive(content: bytes, path: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise InputError(
            f"the sheet is not an .xlsx file: {error}",
            where=str(path),
            fix="get the file again, or open it and save it as .xlsx",
        ) from error
    # zipfile never yields more than the declared sizes, so checking those is enough
    unzipped = sum(member.file_size for member in members)
    if unzipped > SHEET_UNZIPPED or unzipped > SHEET_RATIO * max(len(content), 1):
        raise InputError(
            f"the sheet expands from {len(content):,} to {unzipped:,} bytes",
            where=str(path),
            fix="this is not the official sheet; get the file again",
        )
