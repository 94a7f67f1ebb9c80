"""The inner split: training subjects again in two, and nobody who is tested among them."""

from collections.abc import Sequence

import pytest

from raicl.common.errors import InputError
from raicl.train.clips.folds import Fold
from raicl.train.clips.inner import inner_fold

NAMES = [f"d/{n:02d}" for n in range(20)]


def fold_of(subjects: Sequence[str], clips: int = 3) -> tuple[Fold, dict[str, str]]:
    """A fold that tests ``d/tested``, and the subject of each clip it trains on."""
    owner = {f"{name}/{k}": name for name in subjects for k in range(clips)}
    return Fold(index=4, name="d/tested", train=tuple(owner), test=("d/tested/0",)), owner


def labels_of(owner: dict[str, str]) -> dict[str, int]:
    return {clip: int(clip[-1]) for clip in owner}


def test_whole_subjects_are_on_one_side_and_a_fifth_of_them_is_held_out() -> None:
    fold, owner = fold_of(NAMES)
    for seed in range(20):
        inner = inner_fold(fold, owner, labels_of(owner), seed=seed)
        held = {owner[clip] for clip in inner.test}
        assert len(held) == 4
        assert held.isdisjoint(owner[clip] for clip in inner.train)
        assert sorted(inner.train + inner.test) == sorted(fold.train)
        assert not set(inner.train + inner.test) & set(fold.test)


@pytest.mark.parametrize(("subjects", "held"), [(2, 1), (3, 1), (7, 1), (8, 2), (13, 3)])
def test_at_least_one_subject_is_held_out(subjects: int, held: int) -> None:
    fold, owner = fold_of(NAMES[:subjects])
    inner = inner_fold(fold, owner, labels_of(owner), seed=0)
    assert len({owner[clip] for clip in inner.test}) == held


def test_the_seed_draws_them_and_every_subject_has_its_turn() -> None:
    fold, owner = fold_of(NAMES)
    labels = labels_of(owner)
    drawn = [inner_fold(fold, owner, labels, seed=seed) for seed in range(60)]
    assert drawn[3] == inner_fold(fold, owner, labels, seed=3)
    assert {owner[clip] for inner in drawn for clip in inner.test} == set(NAMES)
    assert drawn[0].index == fold.index  # its seed is that of the fold


def test_what_is_tested_does_not_change_who_is_held_out() -> None:
    fold, owner = fold_of(NAMES)
    other = Fold(index=4, name="d/other", train=fold.train, test=("d/other/7", "d/other/8"))
    both = [inner_fold(one, owner, labels_of(owner), seed=2) for one in (fold, other)]
    assert both[0].test == both[1].test


def test_the_only_subject_of_a_class_stays_in_the_training() -> None:
    fold, owner = fold_of(NAMES[:6])
    labels = dict.fromkeys(owner, 0) | {"d/03/0": 1}
    for seed in range(30):
        inner = inner_fold(fold, owner, labels, seed=seed)
        assert "d/03/0" in inner.train
    nobody_else = {clip: NAMES.index(name) for clip, name in owner.items()}
    assert len({owner[c] for c in inner_fold(fold, owner, nobody_else, seed=0).test}) == 1


def test_one_training_subject_cannot_be_split() -> None:
    fold, owner = fold_of(NAMES[:1])
    with pytest.raises(InputError, match="trains on one subject"):
        inner_fold(fold, owner, labels_of(owner), seed=0)
