"""Where the sheet of a database is looked for."""

import os
from pathlib import Path

import pytest

from raicl.common.errors import InputError
from raicl.data.database import read_database
from raicl.data.miniature.casme2 import SHEETS
from tests.data.conftest import table, workbook


def test_a_folder_above_that_is_closed_to_us_is_not_looked_into(
    casme2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = read_database("casme2", root=casme2).footage
    # another official sheet, which would be one too many
    (casme2.parent / SHEETS["2014"]).write_bytes(workbook([*table(), *table()[-1:]]))
    with pytest.raises(InputError, match="2 candidates"):
        read_database("casme2", root=casme2)
    # a mode tells a test that runs as root nothing
    monkeypatch.setattr(os, "access", lambda place, mode: place != casme2.parent)
    assert read_database("casme2", root=casme2).footage == expected
