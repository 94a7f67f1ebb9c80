from collections.abc import Sequence

import pytest

from raicl.common.errors import UsageError
from raicl.train.clips.fold_option import choose_folds
from raicl.train.clips.folds import Fold


def folds_of(*subjects: str) -> tuple[Fold, ...]:
    return tuple(
        Fold(index=index, name=subject, train=(), test=(f"{subject}/a",))
        for index, subject in enumerate(subjects)
    )


CASME2 = folds_of(*(f"casme2/sub{n:02d}" for n in range(1, 11)))
SAMM = folds_of("samm/3", "samm/006", "samm/007", "samm/009")
CDE = folds_of("casme2/sub01", "casme2/sub06", "samm/006", "smic/s6", "smic/sub01")


def selected(folds: Sequence[Fold], *values: str) -> tuple[list[str], list[str]]:
    notes: list[str] = []
    chosen = choose_folds(folds, values, note=notes.append)
    return [fold.name for fold in chosen], notes


@pytest.mark.parametrize(
    ("folds", "values", "expected"),
    [
        (CASME2, ["all"], [fold.name for fold in CASME2]),
        (CASME2, ["sub05"], ["casme2/sub05"]),
        (CASME2, ["casme2/sub05"], ["casme2/sub05"]),
        (CASME2, ["#3"], ["casme2/sub04"]),
        (CASME2, ["0"], ["casme2/sub01"]),
        (CASME2, ["subject:3"], ["casme2/sub03"]),
        (CASME2, ["subject:sub03"], ["casme2/sub03"]),
        (CASME2, ["0-2,sub07"], [f"casme2/sub{n:02d}" for n in (1, 2, 3, 7)]),
        (CASME2, ["sub07", "0-2"], [f"casme2/sub{n:02d}" for n in (1, 2, 3, 7)]),
        (CASME2, [" sub07 , #1 "], ["casme2/sub02", "casme2/sub07"]),
        (CASME2, ["#8-#9"], ["casme2/sub09", "casme2/sub10"]),
        (SAMM, ["006"], ["samm/006"]),
        (SAMM, ["3"], ["samm/3"]),
        (SAMM, ["#3"], ["samm/009"]),
        (SAMM, ["2"], ["samm/007"]),
        (SAMM, ["subject:9"], ["samm/009"]),
        (CDE, ["006"], ["samm/006"]),
        (CDE, ["smic/sub01,sub06"], ["casme2/sub06", "smic/sub01"]),
    ],
)
def test_selection(folds: Sequence[Fold], values: list[str], expected: list[str]) -> None:
    assert selected(folds, *values)[0] == expected


@pytest.mark.parametrize(
    ("folds", "value", "message"),
    [
        (CASME2, "", "empty part"),
        (CASME2, "sub01,", "empty part"),
        (CASME2, "all,sub01", "stands alone"),
        (CASME2, "sub99", "no such subject or row"),
        (CASME2, "10", "past the last, 9"),
        (CASME2, "#10", "past the last, 9"),
        (CASME2, "8-10", "past the last, 9"),
        (CASME2, "4-0", "runs backwards"),
        (CASME2, "00-04", "no such subject or row"),
        (CASME2, "-1", "no such subject or row"),
        (CASME2, "３", "no such subject or row"),
        (CASME2, "subject:77", "no such subject or row"),
        (CASME2, "sub01,sub01", "twice"),
        (CASME2, "0-3,sub02", "twice"),
        (CASME2, "0,#0", "twice"),
        (CDE, "sub01", "ambiguous"),
        (CDE, "subject:6", "ambiguous"),
        (CASME2, "../sub01", "no such subject or row"),
    ],
)
@pytest.mark.promise("input 61", "input 62", "input 63", "input 64")
def test_a_wrong_selection_is_a_usage_error(
    folds: Sequence[Fold], value: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        selected(folds, value)


def test_an_unknown_subject_is_answered_with_near_names() -> None:
    with pytest.raises(UsageError) as caught:
        selected(CASME2, "sub1")
    assert "casme2/sub10" in caught.value.fix
    with pytest.raises(UsageError) as caught:
        selected(CASME2, "casme2/sub99")
    assert "casme2/sub09" in caught.value.fix


@pytest.mark.parametrize(
    ("folds", "value", "fix"),
    [
        (CASME2, "SUB01", "did you mean casme2/sub01, "),
        (CASME2, "Sub05", "did you mean casme2/sub05, "),
        (CASME2, "sub1", "did you mean casme2/sub01, casme2/sub10, "),
        (CASME2, "sub-01", "did you mean casme2/sub01, "),
        (CASME2, "sub 01", "did you mean casme2/sub01, "),
        (CASME2, "sub０１", "did you mean casme2/sub01, "),
        (CASME2, "CASME2/Sub7", "did you mean casme2/sub07, "),
        (CASME2, "subject:SUB7", "did you mean casme2/sub07, "),
        (CDE, "SUB01", "did you mean casme2/sub01, smic/sub01, "),
        (CASME2, "10", "subject:10 is casme2/sub10; see --list-folds"),
        (SAMM, "6", "subject:6 is samm/006; see --list-folds"),
        (folds_of("casme2/sub01"), "1", "subject:1 is casme2/sub01; see --list-folds"),
        (CDE, "6", "subject:6 is casme2/sub06 or samm/006 or smic/s6; see --list-folds"),
        (CASME2, "sub99", "did you mean casme2/sub09, "),
        (CASME2, "nobody at all", "see --list-folds"),
    ],
)
@pytest.mark.promise("input 61")
def test_a_subject_that_is_written_otherwise_is_answered_with_the_right_one_first(
    folds: Sequence[Fold], value: str, fix: str
) -> None:
    with pytest.raises(UsageError) as caught:
        selected(folds, value)
    assert caught.value.fix.startswith(fix)


@pytest.mark.promise("input 62")
def test_a_number_that_could_mean_another_fold_is_explained() -> None:
    [note] = selected(CASME2, "3")[1]
    assert "row #3, casme2/sub04" in note
    assert "subject:3 would be casme2/sub03" in note
    [note] = selected(SAMM, "3")[1]
    assert "taken as samm/3" in note
    assert "#3 would be samm/009" in note


def test_a_number_without_another_reading_is_not_commented() -> None:
    for folds, value in ((CASME2, "#3"), (CASME2, "subject:3"), (CASME2, "0"), (SAMM, "006")):
        assert selected(folds, value)[1] == []


def test_rows_stay_those_of_all_subjects_where_some_have_no_fold() -> None:
    some = (CASME2[0], *CASME2[3:6])
    assert selected(some, "#4") == (["casme2/sub05"], [])
    assert selected(some, "0-4")[0] == ["casme2/sub01", "casme2/sub04", "casme2/sub05"]
    with pytest.raises(UsageError, match="row 2 is a subject without a clip to test"):
        selected(some, "#2")
    with pytest.raises(UsageError, match="row 6 is past the last, 5"):
        selected(some, "#6")
