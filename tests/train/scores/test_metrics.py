import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, precision_recall_fscore_support, recall_score

from raicl.train.scores.metrics import (
    accuracy,
    confusion_matrix,
    f1_per_class,
    recall_per_class,
    subject_intervals,
    uar,
    uf1,
)

Pool = tuple[NDArray[np.int64], NDArray[np.int64]]

GOLDEN = np.array([[8, 2, 0], [3, 2, 0], [1, 0, 4]])


def random_pool(rng: np.random.Generator, n_classes: int) -> Pool:
    """Truth and prediction of a pool in which each may lack any of the classes."""
    clips = int(rng.integers(1, 40))
    sides = (rng.choice(n_classes, rng.integers(1, n_classes + 1), replace=False) for _ in "tp")
    truth, predicted = (rng.choice(shown, clips) for shown in sides)
    return truth, predicted


@pytest.mark.promise("goal 7")
def test_scores_equal_scikit_learn_on_random_pools_with_absent_classes() -> None:
    """10,000 pools of 2 to 7 classes, told apart by an offset: one call scores them all.

    A class's precision, recall and F1 depend on no other class's clips, so that classes offset
    from pool to pool are scored as each pool alone would be; the next test makes single calls.
    """
    rng = np.random.default_rng(0)
    sizes = rng.integers(2, 8, 10_000)
    starts = np.cumsum(sizes) - sizes
    pools = [random_pool(rng, n) for n in sizes.tolist()]
    truth, predicted = (
        np.concatenate([pool[side] + start for pool, start in zip(pools, starts, strict=True)])
        for side in (0, 1)
    )
    _, recall, f1, _ = precision_recall_fscore_support(
        truth, predicted, labels=np.arange(sizes.sum()), zero_division=0
    )
    expected = zip(np.split(f1, starts[1:]), np.split(recall, starts[1:]), strict=True)
    absent = {"truth": 0, "prediction": 0, "both": 0}
    for (true, given), (f1, recall) in zip(pools, expected, strict=True):
        table = confusion_matrix(true.tolist(), given.tolist(), len(f1))
        in_truth, in_prediction = table.any(1), table.any(0)
        absent["truth"] += (in_prediction & ~in_truth).any()
        absent["prediction"] += (in_truth & ~in_prediction).any()
        absent["both"] += (~in_truth & ~in_prediction).any()
        np.testing.assert_allclose(f1_per_class(table), f1, rtol=0, atol=1e-12)
        np.testing.assert_allclose(recall_per_class(table), recall, rtol=0, atol=1e-12)
        assert abs(uf1(table) - f1.mean()) < 1e-12
        assert abs(uar(table) - recall.mean()) < 1e-12
        assert abs(accuracy(table) - (true == given).mean()) < 1e-12
    assert min(absent.values()) > 2000, absent


@pytest.mark.promise("goal 7")
def test_macro_scores_equal_scikit_learn_only_where_every_class_is_asked_for() -> None:
    """Without ``labels`` scikit-learn leaves out the classes seen nowhere; we count them as 0."""
    rng = np.random.default_rng(1)
    differing = 0
    for _ in range(200):
        n_classes = int(rng.integers(2, 8))
        truth, predicted = random_pool(rng, n_classes)
        table = confusion_matrix(truth.tolist(), predicted.tolist(), n_classes)
        asked = {"labels": range(n_classes), "average": "macro", "zero_division": 0}
        assert abs(uf1(table) - f1_score(truth, predicted, **asked)) < 1e-12
        assert abs(uar(table) - recall_score(truth, predicted, **asked)) < 1e-12
        seen = (table.any(0) | table.any(1)).sum()
        unasked = f1_score(truth, predicted, average="macro", zero_division=0)
        assert abs(uf1(table) - unasked * seen / n_classes) < 1e-12
        differing += seen < n_classes
    assert differing > 50


def test_golden_table_tells_uf1_from_uar() -> None:
    assert uf1(GOLDEN) == pytest.approx(68 / 99, abs=1e-15)
    assert uar(GOLDEN) == pytest.approx(2 / 3, abs=1e-15)


@pytest.mark.parametrize("label", [0, 1, 2])
def test_a_constant_classifier_has_the_closed_form(label: int) -> None:
    truth = [0] * 5 + [1] * 3 + [2] * 2
    share = truth.count(label) / len(truth)
    table = confusion_matrix(truth, [label] * len(truth), 3)
    assert uar(table) == pytest.approx(1 / 3)
    assert uf1(table) == pytest.approx(2 * share / (1 + share) / 3)


@pytest.mark.promise("input 72")
def test_a_class_outside_the_protocol_is_refused() -> None:
    for truth, predicted in (([0, 3], [0, 0]), ([0, 1], [0, -1])):
        with pytest.raises(ValueError, match="do not fit 3 classes"):
            confusion_matrix(truth, predicted, 3)


def test_scores_of_stacked_tables_are_the_scores_of_each() -> None:
    tables = np.random.default_rng(1).integers(0, 9, (5, 3, 3))
    for score in (uf1, uar, accuracy):
        np.testing.assert_array_equal(score(tables), [score(table) for table in tables])


def test_interval_covers_the_pooled_score_and_is_seeded() -> None:
    tables = np.random.default_rng(2).integers(0, 4, (20, 3, 3))
    intervals = subject_intervals(tables, seed=3)
    for name, score in (("uf1", uf1), ("uar", uar), ("accuracy", accuracy)):
        low, high = intervals[name]
        assert low < score(tables.sum(0)) < high
    assert intervals == subject_intervals(tables, seed=3)
    assert intervals != subject_intervals(tables, seed=4)


def test_subjects_are_resampled_and_not_clips() -> None:
    """Two subjects, one all right and one all wrong: a quarter of the resamples has no hit."""
    tables = np.array([[[50, 0], [0, 50]], [[0, 50], [50, 0]]])
    assert subject_intervals(tables)["accuracy"] == (0.0, 1.0)


def test_interval_is_as_wide_as_the_binomial_says() -> None:
    """200 subjects of one clip each, 80 % right: 0.8 ± 1.96 sqrt(0.8 · 0.2 / 200)."""
    right, wrong = np.array([[1, 0], [0, 0]]), np.array([[0, 1], [0, 0]])
    low, high = subject_intervals(np.array([right] * 160 + [wrong] * 40))["accuracy"]
    half = 1.96 * np.sqrt(0.8 * 0.2 / 200)
    assert low == pytest.approx(0.8 - half, abs=0.01)
    assert high == pytest.approx(0.8 + half, abs=0.01)
