import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from raicl.train.metrics import (
    accuracy,
    confusion_matrix,
    f1_per_class,
    recall_per_class,
    subject_intervals,
    uar,
    uf1,
)

GOLDEN = np.array([[8, 2, 0], [3, 2, 0], [1, 0, 4]])


def test_scores_equal_scikit_learn_on_random_pools_with_absent_classes() -> None:
    rng = np.random.default_rng(0)
    absent = 0
    for _ in range(2000):
        n_classes = int(rng.integers(2, 8))
        labels, clips = list(range(n_classes)), int(rng.integers(1, 40))
        shown = rng.choice(labels, size=rng.integers(1, n_classes + 1), replace=False)
        truth, predicted = rng.choice(shown, clips), rng.choice(labels, clips)
        absent += len(set(truth) | set(predicted)) < n_classes
        table = confusion_matrix(truth.tolist(), predicted.tolist(), n_classes)
        _, recall, f1, _ = precision_recall_fscore_support(
            truth, predicted, labels=labels, zero_division=0
        )
        np.testing.assert_allclose(f1_per_class(table), f1, rtol=0, atol=1e-12)
        np.testing.assert_allclose(recall_per_class(table), recall, rtol=0, atol=1e-12)
        assert uf1(table) == pytest.approx(f1.mean(), abs=1e-12)
        assert uar(table) == pytest.approx(recall.mean(), abs=1e-12)
        assert accuracy(table) == pytest.approx((truth == predicted).mean(), abs=1e-12)
    assert absent > 200


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
