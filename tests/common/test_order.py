"""The one order of names, of files on disk as of folds."""

import random

from raicl.common.order import comparable, natural_key

ORDERED = ["1", "01", "9", "10", "a", "a2", "a10", "a10b", "b"]


def test_numbers_compare_by_value_and_a_name_comes_before_what_continues_it() -> None:
    for seed in range(5):
        names = ORDERED[:]
        random.Random(seed).shuffle(names)
        found = sorted(names, key=natural_key)
        assert found == ["01", "1", *ORDERED[2:]]


def test_case_does_not_matter_until_nothing_else_differs() -> None:
    assert sorted(["b1", "B2", "a3"], key=natural_key) == ["a3", "b1", "B2"]
    assert sorted(["sub1", "Sub1"], key=natural_key) == ["Sub1", "sub1"]


def test_a_number_longer_than_python_reads_is_ordered() -> None:
    long = "1" * 5000
    assert sorted([f"a{long}1", f"a{long}", "a2"], key=natural_key) == [
        "a2",
        f"a{long}",
        f"a{long}1",
    ]


def test_digits_that_only_look_like_digits_are_letters() -> None:
    assert sorted(["٣", "4"], key=natural_key) == ["4", "٣"]


def test_names_that_look_alike_are_comparable() -> None:
    assert comparable(" ＳＵＢ０１ ") == comparable("sub01") == "sub01"
