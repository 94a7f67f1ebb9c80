"""The swap test: exact by enumeration, and right in its level where the bootstrap was not."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from scipy.stats import binom, norm, permutation_test
from sklearn.metrics import accuracy_score, f1_score, recall_score

from raicl.train.scores.metrics import SCORES, resample_subjects
from raicl.train.scores.swaps import DRAWS, MOST_EXACT, holm, shown_p, swap_test

CLASSES = range(3)


def answers(rng: np.random.Generator, n: int, runs: int) -> tuple[list[np.ndarray], ...]:
    """True classes, and two classifiers' answers under several seeds, of n subjects' clips.

    The two do not differ. Subjects differ in size, in their classes and in how hard they are. The
    clips of a subject are not independent: each classifier takes a part of them all for one class.
    """
    truth, first, second = [], [], []
    for _ in range(n):
        clips = int(rng.integers(3, 20))
        truth.append(rng.choice(3, clips, p=rng.dirichlet([1, 1, 1])))
        skill, habit = rng.uniform(0.2, 0.95), rng.uniform(0, 0.8)
        for side in (first, second):
            favourite = rng.integers(0, 3)
            shape = (runs, clips)
            guess = np.where(rng.random(shape) < habit, favourite, rng.integers(0, 3, shape))
            side.append(np.where(rng.random(shape) < skill, truth[-1], guess))
    return truth, first, second


def tables_of(truth: list[np.ndarray], side: list[np.ndarray]) -> np.ndarray:
    """Confusion matrices, (runs, subjects, 3, 3)."""
    tables = np.zeros((len(side[0]), len(truth), 3, 3), np.int64)
    for subject, (true, runs) in enumerate(zip(truth, side, strict=True)):
        for run, predicted in enumerate(runs):
            np.add.at(tables[run, subject], (true, predicted), 1)
    return tables


def sklearn_score(name: str, truth: np.ndarray, predicted: np.ndarray) -> float:
    same = {"labels": list(CLASSES), "average": "macro", "zero_division": 0}
    if name == "accuracy":
        return float(accuracy_score(truth, predicted))
    return float({"uf1": f1_score, "uar": recall_score}[name](truth, predicted, **same))


@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("name", SCORES)
def test_p_is_that_of_every_swap_written_out_clip_by_clip(name: str, runs: int) -> None:
    truth, first, second = answers(np.random.default_rng(runs), 5, runs)
    pooled = np.concatenate(truth)
    differences = []
    for swap in product([False, True], repeat=5):
        sides = [
            [b if swapped else a for a, b, swapped in zip(one, other, swap, strict=True)]
            for one, other in ((first, second), (second, first))
        ]
        means = [
            np.mean([sklearn_score(name, pooled, run) for run in np.concatenate(side, axis=1)])
            for side in sides
        ]
        differences.append(means[1] - means[0])
    sizes = np.abs(differences)  # the first swap is none
    expected = np.mean(sizes >= sizes[0] - 1e-9)
    found = swap_test(tables_of(truth, first), tables_of(truth, second))
    assert found.p[name] == expected
    assert 0 < expected < 1


@pytest.mark.parametrize("name", SCORES)
def test_p_is_that_of_scipy(name: str) -> None:
    truth, *sides = answers(np.random.default_rng(7), 9, 1)
    first, second = (tables_of(truth, side) for side in sides)
    both = np.concatenate([first[0], second[0]])

    def statistic(one: np.ndarray, other: np.ndarray) -> float:
        before, after = (SCORES[name](both[rows.astype(int)].sum(0)) for rows in (one, other))
        return float(after - before)

    expected = permutation_test(
        (np.arange(9), np.arange(9, 18)),
        statistic,
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=False,
    )
    assert swap_test(first, second).p[name] == pytest.approx(expected.pvalue, rel=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 6, 13])
def test_p_is_never_below_two_of_all_swaps_and_is_that_for_the_clearest_difference(n: int) -> None:
    worst = np.tile(np.array([[0, 3, 0], [0, 0, 3], [3, 0, 0]]), (1, n, 1, 1))
    best = np.tile(3 * np.eye(3, dtype=np.int64), (1, n, 1, 1))
    found = swap_test(worst, best)
    assert found.p == dict.fromkeys(SCORES, 2 / 2**n)
    assert found.least == 2 / 2**n


def test_a_subject_answered_alike_changes_no_p() -> None:
    truth, *sides = answers(np.random.default_rng(3), 7, 2)
    first, second = (tables_of(truth, side) for side in sides)
    second[:, 4] = first[:, 4]
    every = [[b if s else a for a, b, s in zip(first.swapaxes(0, 1), second.swapaxes(0, 1), swap,
              strict=True)] for swap in product([False, True], repeat=7)]  # fmt: skip
    ones = np.array(every).sum(1)  # (swaps, runs, 3, 3)
    both = (first + second).sum(1)
    sizes = np.abs((SCORES["uf1"](both - ones) - SCORES["uf1"](ones)).mean(-1))
    assert swap_test(first, second).p["uf1"] == np.mean(sizes >= sizes[0] - 1e-12)


def test_equal_classifiers_have_a_p_of_1() -> None:
    truth, first, _ = answers(np.random.default_rng(3), MOST_EXACT + 5, 1)
    tables = tables_of(truth, first)
    for part in (tables[:, :1], tables[:, :6], tables):
        assert swap_test(part, part).p == dict.fromkeys(SCORES, 1)


def test_drawn_swaps_come_near_to_all_and_are_the_same_every_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    truth, *sides = answers(np.random.default_rng(5), 12, 1)
    first, second = (tables_of(truth, side) for side in sides)
    exact = swap_test(first, second)
    monkeypatch.setattr("raicl.train.scores.swaps.MOST_EXACT", 3)
    monkeypatch.setattr("raicl.train.scores.swaps.DRAWS", 999)
    drawn = swap_test(first, second)
    for name, p in exact.p.items():
        # four standard errors of so many draws
        assert drawn.p[name] == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 999))
        assert drawn.p[name] * 1000 == pytest.approx(round(drawn.p[name] * 1000))
    assert drawn.p != exact.p
    assert drawn.least == 1 / 1000
    assert swap_test(first, second) == drawn
    assert swap_test(first, second, seed=3) != drawn


def test_subjects_that_are_answered_alike_leave_the_test_exact() -> None:
    truth, *sides = answers(np.random.default_rng(5), MOST_EXACT + 10, 1)
    first, second = (tables_of(truth, side) for side in sides)
    second[:, 3:] = first[:, 3:]
    found = swap_test(first, second)
    assert set(found.p.values()) <= {0.25, 0.5, 0.75, 1.0}  # of the swaps of three subjects
    assert found.least == 1 / (DRAWS + 1)  # of so many subjects, whoever differs


def test_the_clearest_difference_of_many_subjects_has_one_in_ten_thousand() -> None:
    worst = np.tile(np.array([[0, 3], [3, 0]]), (1, 30, 1, 1))
    best = np.tile(np.array([[3, 0], [0, 3]]), (1, 30, 1, 1))
    assert swap_test(worst, best).p["uar"] == 1 / (DRAWS + 1)


def test_more_runs_on_one_side_are_each_set_against_each() -> None:
    truth, first, second = answers(np.random.default_rng(2), 6, 3)
    one, three = tables_of(truth, first)[:1], tables_of(truth, second)
    written_out = swap_test(np.concatenate([one, one, one]), three)
    assert swap_test(one, three) == written_out
    assert swap_test(three, one) == written_out
    # two of one side that are the same run are that run
    assert swap_test(np.concatenate([one, one]), three).p == pytest.approx(written_out.p)


def bootstrap_p(first: np.ndarray, second: np.ndarray) -> float:
    """The two-sided p in UF1 by a bootstrap over subjects, as it is often computed."""
    before, after = (SCORES["uf1"](resample_subjects(t)).mean(0) for t in (first, second))
    tail = min((after <= before).sum(), (after >= before).sum())
    return min(1.0, 2 * (tail + 1) / (len(before) + 1))


def samples(n: int, runs: tuple[int, int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Tables of two classifiers that do not differ, on 400 samples of n subjects."""
    rng = np.random.default_rng(n)
    for _ in range(400):
        truth, *sides = answers(rng, n, max(runs))
        first, second = (tables_of(truth, side) for side in sides)
        yield first[: runs[0]], second[: runs[1]]


def most_below(level: float, trials: int) -> int:
    """So many p below the level have a chance of one in a thousand at most, if p is right."""
    return int(binom.ppf(0.999, trials, level))


@pytest.mark.parametrize(("n", "runs"), [(6, (1, 1)), (12, (3, 3)), (12, (1, 3)), (24, (1, 1)),
                                         (68, (1, 1))])  # fmt: skip
def test_without_a_difference_few_p_are_small(n: int, runs: tuple[int, int]) -> None:
    found = np.array([swap_test(*tables).p["uf1"] for tables in samples(n, runs)])
    assert (found >= 2 / 2**n).all()
    for level in (0.01, 0.05, 0.2, 0.5):
        assert (found < level).sum() <= most_below(level, found.size)
    # and it is a test: as many are small as the level allows
    assert (found < 0.2).sum() > found.size / 10


def test_a_bootstrap_of_six_subjects_has_too_many_small_p() -> None:
    """What `test_without_a_difference_few_p_are_small` asks is more than a bootstrap gives."""
    found = np.array([bootstrap_p(*tables) for tables in samples(6, (1, 1))])
    assert (found < 0.05).sum() > most_below(0.05, found.size)
    assert found.min() < 2 / 2**6


def test_holm_is_the_step_down_of_his_paper() -> None:
    # by hand: 4 * .01, 3 * .015, then 2 * .02 stays at the .045 before it, and 1 * .6
    assert holm([0.6, 0.01, 0.02, 0.015]) == pytest.approx([0.6, 0.04, 0.045, 0.045])
    assert holm([0.5, 0.4]) == [0.8, 0.8]
    assert holm([0.9, 0.7]) == [1, 1]
    assert holm([]) == []


def test_what_was_not_tested_does_not_count_in_holms_family() -> None:
    assert holm([None, 0.01, None, 0.04]) == [None, 0.02, None, 0.04]


def test_holm_keeps_the_chance_of_any_error_where_plain_p_does_not() -> None:
    """Five true nulls with dependent tests: a common part in all of them."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(2000, 1))
    values = np.sqrt(0.3) * common + np.sqrt(0.7) * rng.normal(size=(2000, 5))
    ps = 2 * norm.sf(np.abs(values))
    some = sum(min(p for p in holm(row) if p is not None) < 0.05 for row in ps.tolist())
    assert some <= most_below(0.05, len(ps))
    assert (ps.min(1) < 0.05).sum() > 2 * most_below(0.05, len(ps))


def test_a_small_p_is_not_shown_as_0() -> None:
    assert [shown_p(p) for p in (1, 0.03125, 1e-4, 2 / 2**20)] == [
        *("1.0000", "0.0312", "0.0001", "2e-06")
    ]
