"""One rule for the names of subjects and databases, and paths that are no Unicode."""

import os
from pathlib import Path

import pytest

from raicl.common.errors import InputError
from raicl.common.names import name_problem, unicode_path


@pytest.mark.parametrize("name", ["sub01", "s 01", ".hidden", "ä", "被试", "a.b", "-1"])
def test_names_that_can_name_a_folder_are_fine(name: str) -> None:
    assert name_problem(name) == ""


@pytest.mark.parametrize("name", ["", " ", ".", "..", ". ."])
def test_a_name_of_nothing_but_dots_and_blanks_is_refused(name: str) -> None:
    assert name_problem(name) == "no letter and no digit in its name"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a/b", "/ in its name"),
        ("a\\b", "\\ in its name"),
        ("a\u00a0b", "U+00A0 (no-break space) in its name"),
        ("a\u200cb", "U+200C (zero width non-joiner) in its name"),
        ("a\tb", "U+0009 (a character that cannot be printed) in its name"),
        ("a\udcffb", "U+DCFF (a character that cannot be printed) in its name"),
    ],
)
def test_the_first_letter_that_cannot_be_in_a_name_is_told(name: str, problem: str) -> None:
    assert name_problem(name) == problem


@pytest.mark.parametrize("name", ["clip", "ä", "\ud7ff", "\ue000"])
def test_a_path_that_is_unicode_is_given_as_text(name: str) -> None:
    assert unicode_path(Path("a", name)) == str(Path("a", name))


@pytest.mark.parametrize("byte", [b"\x80", b"\xff"])
def test_a_path_that_is_not_utf_8_is_refused(byte: bytes) -> None:
    path = Path(os.fsdecode(b"a/clip" + byte))
    with pytest.raises(InputError, match="not UTF-8") as caught:
        unicode_path(path)
    assert caught.value.where == str(path)


def test_both_ends_of_what_is_not_unicode_are_refused() -> None:
    for code in (0xD800, 0xDFFF):
        with pytest.raises(InputError, match="not UTF-8"):
            unicode_path(Path(chr(code)))
