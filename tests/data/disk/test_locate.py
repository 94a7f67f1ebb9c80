"""Where a database is looked for."""

from pathlib import Path

import pytest

from raicl.common.errors import InputError, RaiclError
from raicl.data.database import DATABASES, read_database
from raicl.data.miniature.casme2 import SHEETS
from tests.data.conftest import put_tree, table, workbook


def test_the_places_are_searched_in_the_documented_order(
    casme2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("RAICL_CASME2", "RAICL_DATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="casme2 was not found") as caught:
        read_database("casme2", root=None)
    for place in ("--root", "$RAICL_CASME2", "$RAICL_DATA/casme2", "data/raw/casme2"):
        assert place in caught.value.where
    assert "fu.psych.ac.cn" in caught.value.fix

    def place(folder: str) -> Path:
        root = tmp_path / folder
        put_tree(root)
        (root / SHEETS["2014"]).write_bytes(workbook(table()))
        return root

    def found() -> Path:
        return read_database("casme2", root=None).root

    here, shelf = place("data/raw/casme2"), tmp_path / "shelf" / "casme2"
    assert found() == here
    monkeypatch.setenv("RAICL_DATA", str(shelf.parent))
    assert found() == here  # the shelf has no casme2
    place("shelf/casme2")
    assert found() == shelf
    monkeypatch.setenv("RAICL_CASME2", str(casme2))
    assert found() == casme2
    assert read_database("casme2", root=here).root == here
    monkeypatch.setenv("RAICL_CASME2", str(tmp_path / "typo"))
    with pytest.raises(InputError, match=r"\$RAICL_CASME2 does not exist"):
        found()


@pytest.mark.parametrize("name", sorted(set(DATABASES)))
def test_a_database_that_is_nowhere_says_how_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("RAICL_DATA", f"RAICL_{name.upper()}"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(RaiclError, match=f"{name} was not found") as caught:
        read_database(name, root=None)
    assert f"$RAICL_{name.upper()}" in caught.value.where
    assert caught.value.fix
