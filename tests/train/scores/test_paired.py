import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from raicl.train.scores.metrics import confusion_matrix
from raicl.train.scores.paired import (
    Difference,
    discordance,
    mcnemar_p,
    mean_score,
    paired_differences,
)


def subjects_of(rng: np.random.Generator, share: float, n: int = 12) -> tuple[np.ndarray, ...]:
    """True and predicted classes of n subjects with 6 clips, of which about `share` are right."""
    truth = rng.integers(0, 3, (n, 6))
    wrong = rng.random((n, 6)) > share
    return truth, np.where(wrong, (truth + rng.integers(1, 3, (n, 6))) % 3, truth)


def tables_of(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    pairs = zip(truth.tolist(), predicted.tolist(), strict=True)
    return np.stack([confusion_matrix(t, p, 3) for t, p in pairs])


@pytest.mark.parametrize("n", [1, 2, 9, 40, 700])
def test_mcnemar_is_the_binomial_test_of_scipy(n: int) -> None:
    for first_only in {0, n // 5, n // 2, n}:
        expected = binomtest(first_only, n, 0.5).pvalue
        assert mcnemar_p(first_only, n - first_only) == pytest.approx(expected, rel=1e-12)


def test_mcnemar_of_no_discordant_clip_is_1() -> None:
    assert mcnemar_p(0, 0) == 1


def test_equal_classifiers_differ_by_nothing() -> None:
    tables = tables_of(*subjects_of(np.random.default_rng(0), 0.7))
    for difference in paired_differences(tables, tables).values():
        assert (difference.value, difference.interval, difference.p) == (0, (0, 0), 1)
        assert difference.detectable is None  # nothing tells how much such classifiers vary
    classes = np.array([0, 1, 2])
    found = discordance(classes, classes, np.array([0, 0, 0]))
    assert (found.differ, found.first_only, found.second_only, found.p) == (0, 0, 0, 1)


def test_differences_equal_a_bootstrap_written_out_clip_by_clip() -> None:
    rng = np.random.default_rng(1)
    truth, first = subjects_of(rng, 0.6)
    second = np.where(rng.random(truth.shape) < 0.3, truth, first)
    found = paired_differences(tables_of(truth, first), tables_of(truth, second), seed=5)
    draws = np.random.default_rng(6).integers(0, len(truth), (2000, len(truth)))

    def uf1(predicted: np.ndarray, drawn: np.ndarray) -> float:
        return float(
            f1_score(
                truth[drawn].ravel(),
                predicted[drawn].ravel(),
                labels=[0, 1, 2],
                average="macro",
                zero_division=0,
            )
        )

    everyone = np.arange(len(truth))
    assert found["uf1"].value == pytest.approx(uf1(second, everyone) - uf1(first, everyone))
    resampled = [uf1(second, drawn) - uf1(first, drawn) for drawn in draws[:600]]
    # other draws of as many subjects: the ends agree within what 600 of them can tell
    assert found["uf1"].interval == pytest.approx(np.quantile(resampled, [0.025, 0.975]), abs=0.03)


def test_pairing_is_narrower_than_two_runs_apart() -> None:
    """Two classifiers that err on the same hard subjects: the difference is sure, each is not."""
    hard, easy = [[1, 5], [5, 1]], [[6, 0], [0, 6]]
    better = [[2, 4], [4, 2]]  # one clip more of each class
    first = np.array([hard, easy] * 8)
    second = np.array([better, easy] * 8)
    difference = paired_differences(first, second)["accuracy"]
    assert difference.value == pytest.approx(1 / 12)
    assert difference.interval is not None
    assert difference.p is not None
    assert difference.interval[0] > 0
    assert difference.p == 2 / 2**8  # half of the subjects are answered alike
    assert difference.least_p == 2 / 2**16


def test_swapping_the_two_changes_the_sign_alone() -> None:
    rng = np.random.default_rng(2)
    truth, first = subjects_of(rng, 0.5)
    second = np.where(rng.random(truth.shape) < 0.3, truth, first)
    tables = tables_of(truth, first), tables_of(truth, second)
    there, back = paired_differences(*tables), paired_differences(*reversed(tables))
    for name in there:
        assert back[name].value == pytest.approx(-there[name].value)
        assert back[name].p == there[name].p
        assert back[name].interval == pytest.approx([-end for end in there[name].interval[::-1]])


def test_one_subject_has_neither_interval_nor_p() -> None:
    tables = np.array([[[2, 1], [0, 3]]])
    difference = paired_differences(tables, np.array([[[3, 0], [0, 3]]]))["uar"]
    assert (difference.interval, difference.p) == (None, None)
    assert (difference.least_p, difference.detectable) == (None, None)
    assert difference.value > 0


def difference_of(rng: np.random.Generator, n: int, better: float) -> Difference:
    """The difference in UF1 of two classifiers, where the second is right so much more often."""
    truth = rng.integers(0, 3, (n, 6))
    right = [rng.random((n, 6)) < 0.5 + part * better for part in (-0.5, 0.5)]
    other = (truth + rng.integers(1, 3, (n, 6))) % 3
    first, second = (tables_of(truth, np.where(r, truth, other)) for r in right)
    return paired_differences(first, second)["uf1"]


@pytest.mark.parametrize(("n", "low", "high"), [(24, 0.7, 0.9), (8, 0.4, 0.75)])
def test_a_detectable_difference_is_found_in_four_of_five_samples_of_many_subjects(
    n: int, low: float, high: float
) -> None:
    rng = np.random.default_rng(3)
    sizes = [difference_of(rng, n, 0).detectable for _ in range(40)]
    size = float(np.mean([size for size in sizes if size is not None]))
    # clips are independent here and UF1 is about the accuracy, whose standard error is known
    assert size == pytest.approx(2.8 * np.sqrt(2 * 0.25 / (n * 6)), rel=0.1)
    ps = [difference_of(rng, n, size).p for _ in range(200)]
    assert low < np.mean([p is not None and p < 0.05 for p in ps]) < high


def test_five_subjects_can_detect_nothing() -> None:
    five, six = (difference_of(np.random.default_rng(1), n, 0.4) for n in (5, 6))
    assert (five.least_p, five.detectable) == (2 / 2**5, None)
    assert (six.least_p, six.detectable is None) == (2 / 2**6, False)


def test_tables_of_other_clips_are_refused() -> None:
    tables = np.array([[[2, 1], [0, 3]]])
    with pytest.raises(ValueError, match="not of the same clips"):
        paired_differences(tables, np.array([[[2, 0], [1, 3]]]))


def test_clips_are_counted_on_either_side() -> None:
    truth = np.array([0, 0, 1, 1, 2, 2])
    first = np.array([0, 0, 1, 0, 0, 0])
    second = np.array([0, 1, 0, 1, 0, 1])
    found = discordance(first, second, truth)
    # the last clip is wrong in both and still given another class
    assert (found.differ, found.first_only, found.second_only) == (4, 2, 1)


def test_over_seeds_the_mean_is_bootstrapped_on_the_same_draws_for_every_seed() -> None:
    rng = np.random.default_rng(4)
    truth, _ = subjects_of(rng, 0.7)
    runs = [np.where(rng.random(truth.shape) < 0.7, truth, 2) for _ in range(3)]
    tables = np.stack([tables_of(truth, predicted) for predicted in runs])
    found = mean_score(tables, "accuracy", seed=2)
    shares = [float((predicted == truth).mean()) for predicted in runs]
    assert found.values == pytest.approx(shares)
    assert (found.value, found.sd) == pytest.approx((np.mean(shares), np.std(shares, ddof=1)))
    # all subjects have as many clips, so that the mean over seeds commutes with the draws
    by_subject = np.mean([(predicted == truth).mean(1) for predicted in runs], 0)
    drawn = np.random.default_rng(2).multinomial(12, [1 / 12] * 12, size=2000) / 12
    np.testing.assert_allclose(found.resampled, drawn @ by_subject, atol=1e-12)
    assert mean_score(tables[:1], "accuracy").sd is None


def test_runs_of_several_seeds_may_be_fewer_on_one_side() -> None:
    rng = np.random.default_rng(5)
    truth, predicted = subjects_of(rng, 0.5)
    one = tables_of(truth, predicted)
    thrice = np.stack([one, one, one])
    alone, several = (
        paired_differences(one, tables_of(truth, truth)),
        paired_differences(thrice, tables_of(truth, truth)),
    )
    assert several["uf1"].value == pytest.approx(alone["uf1"].value)
    assert several["uf1"].interval == pytest.approx(alone["uf1"].interval)
    with pytest.raises(ValueError, match="not of the same clips"):
        paired_differences(np.stack([one, one[::-1]]), one)
