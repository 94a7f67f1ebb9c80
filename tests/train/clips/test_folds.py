import random

import pytest

from raicl.common.clip import Clip, Split
from raicl.common.errors import InputError
from raicl.common.order import natural_key
from raicl.train.clips.folds import (
    Fold,
    across_databases,
    check_disjoint,
    leave_one_database_out,
    leave_one_subject_out,
)


def clip(dataset: str, subject: str, name: str = "a", split: Split = "") -> Clip:
    return Clip(
        dataset=dataset,
        subject=subject,
        name=name,
        emotion="happiness",
        onset=1,
        offset=9,
        split=split,
    )


def folds_of(*subjects: str) -> tuple[Fold, ...]:
    return leave_one_subject_out([clip(*key.split("/")) for key in subjects])


def test_every_clip_is_tested_once_and_never_trained_on_there() -> None:
    clips = [clip("casme2", f"sub{s}", f"EP{n}") for s in range(4) for n in range(3)]
    folds = leave_one_subject_out(clips)
    assert sorted(id for fold in folds for id in fold.test) == sorted(c.id for c in clips)
    for fold in folds:
        assert len(fold.train) == 9
        assert not any(id.startswith(fold.name + "/") for id in fold.train)


def test_order_is_natural_and_does_not_depend_on_the_order_of_clips() -> None:
    clips = [clip("samm", "s9"), clip("samm", "s10"), clip("casme2", "sub2"), clip("smic", "s1")]
    expected = ["casme2/sub2", "samm/s9", "samm/s10", "smic/s1"]
    for seed in range(5):
        random.Random(seed).shuffle(clips)
        assert [fold.name for fold in leave_one_subject_out(clips)] == expected


def test_natural_order_tells_01_from_1_and_mixes_numbers_with_words() -> None:
    names = ["b", "1", "10", "01", "9", "a2", "a10"]
    assert sorted(names, key=natural_key) == ["01", "1", "9", "10", "a2", "a10", "b"]


@pytest.mark.promise("input 71")
def test_the_same_name_in_two_databases_is_two_persons() -> None:
    folds = folds_of("casme2/1", "samm/1", "smic/1")
    assert [fold.name for fold in folds] == ["casme2/1", "samm/1", "smic/1"]
    assert folds[0].train == ("samm/1/a", "smic/1/a")


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (("d/1/a", "d/2/a"), ("d/2/a",)),
        (("d/1/a", "d/2/b"), ("d/2/a",)),
        (("d/1/b",), ("d/2/a", "d/1/a")),
    ],
    ids=["same clip", "same subject trained", "other subject tested"],
)
def test_a_planted_leak_raises(train: tuple[str, ...], test: tuple[str, ...]) -> None:
    clips = [clip("d", subject, name) for subject in "12" for name in "ab"]
    with pytest.raises(InputError, match="would train on what it tests"):
        check_disjoint(Fold(index=1, name="d/2", train=train, test=test), clips)


@pytest.mark.promise("input 57")
def test_one_subject_cannot_be_cross_validated() -> None:
    with pytest.raises(InputError, match="needs two subjects, found 1"):
        leave_one_subject_out([clip("casme2", "sub01", "a"), clip("casme2", "sub01", "b")])
    with pytest.raises(InputError, match="found 0"):
        leave_one_subject_out([])


def test_a_clip_given_twice_raises() -> None:
    with pytest.raises(InputError, match="casme2/sub01/a is there twice"):
        leave_one_subject_out([clip("casme2", "sub01"), clip("casme2", "sub01"), clip("d", "2")])


@pytest.mark.parametrize(
    "name", ["..", ".", "a/b", "a\\b", "", "a\tb", "a\xa0b", "a\u3000b", "a\u200cb", "a\udcffb"]
)
def test_a_subject_that_cannot_name_the_folder_of_a_fold_raises(name: str) -> None:
    with pytest.raises(InputError, match="in its name") as caught:
        leave_one_subject_out([clip("d", name), clip("d", "other")])
    assert "rename the subject's folder" in caught.value.fix


def test_what_is_only_tested_is_never_trained_on_and_the_other_way_round() -> None:
    clips = [clip("d", "1", name, split) for name, split in (("a", "train"), ("b", "test"))]
    clips += [clip("d", "2", "a", "train"), clip("d", "3", "a"), clip("d", "3", "b", "test")]
    folds = leave_one_subject_out(clips)
    assert [(fold.index, fold.name, fold.train, fold.test) for fold in folds] == [
        (0, "d/1", ("d/2/a", "d/3/a"), ("d/1/b",)),
        (2, "d/3", ("d/1/a", "d/2/a"), ("d/3/a", "d/3/b")),  # the second has nothing to test
    ]
    for train, test in ((("d/1/b",), ()), ((), ("d/2/a",))):
        leaking = Fold(index=1, name="d/2", train=train, test=test)
        with pytest.raises(InputError, match="would train on what it tests"):
            check_disjoint(leaking, clips)


@pytest.mark.parametrize("split", ["train", "test"])
def test_splits_that_leave_no_side_are_refused(split: Split) -> None:
    with pytest.raises(InputError, match="nothing to train on or to test"):
        leave_one_subject_out([clip("d", subject, split=split) for subject in "12"])


def test_a_database_is_left_out_whole() -> None:
    clips = [clip(dataset, subject) for dataset in ("b", "a", "c") for subject in "12"]
    folds = leave_one_database_out(clips)
    assert [(fold.index, fold.name, fold.by) for fold in folds] == [
        (0, "a", "database"),
        (1, "b", "database"),
        (2, "c", "database"),
    ]
    assert folds[1].test == ("b/1/a", "b/2/a")
    assert folds[1].train == ("a/1/a", "a/2/a", "c/1/a", "c/2/a")


def test_all_databases_but_the_tested_ones_are_trained_on() -> None:
    clips = [clip(dataset, "1") for dataset in "abc"]
    fold = across_databases(clips, {"c", "b"})
    assert (fold.name, fold.train, fold.test) == ("b+c", ("a/1/a",), ("b/1/a", "c/1/a"))


@pytest.mark.parametrize(
    ("train", "test"), [(("a/1/a", "b/1/a"), ("b/2/a",)), (("a/1/a",), ("b/1/a", "a/2/a"))]
)
def test_another_subject_of_a_held_out_database_is_a_leak(
    train: tuple[str, ...], test: tuple[str, ...]
) -> None:
    clips = [clip(dataset, subject) for dataset in "ab" for subject in "12"]
    with pytest.raises(InputError, match="would train on what it tests"):
        check_disjoint(Fold(index=0, name="b", train=train, test=test, by="database"), clips)
