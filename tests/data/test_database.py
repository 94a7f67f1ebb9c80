"""Databases and their variants by name."""

from pathlib import Path

import pytest

from raicl.common.errors import UsageError
from raicl.data.database import DATABASES, find_reader, read_database


def test_an_unknown_database_is_told_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="casme_2") as caught:
        read_database("casme_2", root=tmp_path)
    assert caught.value.fix == "did you mean casme2?"


@pytest.mark.parametrize("variant", ["hs", ""])
@pytest.mark.parametrize("name", sorted(set(DATABASES) - {"smic"}))
def test_a_variant_of_a_database_without_any_is_a_usage_error(name: str, variant: str) -> None:
    with pytest.raises(UsageError, match=f"{name} has no variant '{variant}'") as caught:
        find_reader(name, variant)
    assert caught.value.exit_code == 2
    assert caught.value.fix == "leave --variant out; only smic has hs, vis, nir, e-hs"


@pytest.mark.parametrize("variant", ["HS", "e-vis", ""])
def test_an_unknown_variant_is_told_those_there_are(variant: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="smic has no variant") as caught:
        read_database("smic", root=tmp_path, variant=variant)
    assert caught.value.fix == "one of hs, vis, nir, e-hs"
