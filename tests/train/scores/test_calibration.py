"""Calibration and risk-coverage, each against its definition written out clip by clip."""

import random
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from raicl.train.scores.calibration import (
    BINS,
    reliability,
    reliability_bins,
    reliability_lines,
    risk_coverage,
)
from raicl.train.scores.metrics import draw_subjects
from raicl.train.scores.predictions import Prediction


def drawn(n: int = 60, *, seed: int = 0, subjects: int = 6, power: float = 1.0) -> list[Prediction]:
    """Predictions that are right as often as they say, if `power` is 1, and surer if it is more."""
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(n):
        true = rng.dirichlet([0.8, 0.8, 0.8])
        truth = int(rng.choice(3, p=true))
        told = true**power / (true**power).sum()
        rows.append(
            Prediction(
                clip=f"d/{index % subjects}/{index:04d}",
                subject=f"d/{index % subjects}",
                truth=truth,
                predicted=int(told.argmax()),
                probabilities=tuple(told.round(6).tolist()),
                motion_px=1.0,
            )
        )
    return rows


def ece_written_out(rows: list[Prediction]) -> float:
    """Naeini et al. 2015: bins (0, 1/15], (1/15, 2/15] and so on."""
    total = 0.0
    for k in range(15):
        inside = [r for r in rows if k / 15 < r.probabilities[r.predicted] <= (k + 1) / 15]
        if inside:
            sure = sum(r.probabilities[r.predicted] for r in inside) / len(inside)
            right = sum(r.truth == r.predicted for r in inside) / len(inside)
            total += len(inside) / len(rows) * abs(sure - right)
    return total


def aurc_written_out(rows: list[Prediction]) -> float:
    """Mean over the clips of the share of wrong ones among those that are at least as sure."""
    risks = []
    for row in rows:
        sure = row.probabilities[row.predicted]
        kept = [r for r in rows if r.probabilities[r.predicted] >= sure]
        risks.append(sum(r.truth != r.predicted for r in kept) / len(kept))
    return sum(risks) / len(risks)


@pytest.mark.parametrize("power", [1.0, 3.0])
@pytest.mark.parametrize("seed", range(4))
def test_every_number_is_that_of_its_definition(seed: int, power: float) -> None:
    rows = drawn(seed=seed, power=power)
    found = reliability(rows)
    truth = [row.truth for row in rows]
    shares = np.array([row.probabilities for row in rows])
    shares = np.where(shares < 1e-6, 1e-6, shares)
    assert found.ece == pytest.approx(ece_written_out(rows), abs=1e-9)
    assert found.aurc == pytest.approx(aurc_written_out(rows), abs=1e-9)
    whole = shares / shares.sum(1, keepdims=True)  # scikit-learn insists on a sum of 1
    assert found.nll == pytest.approx(log_loss(truth, whole, labels=[0, 1, 2]), abs=1e-5)
    brier = brier_score_loss(truth, whole, labels=[0, 1, 2], scale_by_half=False)
    assert found.brier == pytest.approx(brier, abs=1e-5)


def test_the_interval_draws_subjects_and_not_clips() -> None:
    """Each end is a quantile over explicit copies of whole subjects."""
    rows = drawn(30, subjects=5)
    names = sorted({row.subject for row in rows})
    values = []
    for times in draw_subjects(5, seed=7)[:2000]:
        copies = [
            replace(row, clip=f"{row.clip} {k}")
            for row in rows
            for k in range(times[names.index(row.subject)])
        ]
        values.append((ece_written_out(copies), aurc_written_out(copies)))
    found = reliability(rows, seed=7).interval_95
    assert found is not None
    low, high = np.quantile(values, [0.025, 0.975], axis=0)
    assert found.ece == pytest.approx((low[0], high[0]), abs=1e-9)
    assert found.aurc == pytest.approx((low[1], high[1]), abs=1e-9)


def test_true_probabilities_are_within_chance_and_sharpened_ones_are_not() -> None:
    inside = []
    for seed in range(20):
        found = reliability(drawn(150, seed=seed))
        inside.append(found.ece_by_chance[0] <= found.ece <= found.ece_by_chance[1])
    assert sum(inside) >= 16  # 19 are expected
    sharpened = reliability(drawn(150, power=4))
    assert sharpened.ece > 2 * sharpened.ece_by_chance[1]


def test_few_clips_have_a_large_error_by_chance() -> None:
    few, many = (reliability(drawn(n)).ece_by_chance[0] for n in (20, 500))
    assert few > 0.08
    assert many < 0.03


def test_the_order_of_predictions_does_not_matter() -> None:
    rows = drawn()
    shuffled = random.Random(1).sample(rows, len(rows))
    assert reliability(shuffled) == reliability(rows)
    assert reliability_bins(shuffled) == reliability_bins(rows)
    assert risk_coverage(shuffled) == risk_coverage(rows)


def test_the_bins_hold_every_clip_once_and_give_the_error() -> None:
    rows = drawn(200, power=2)
    bins = reliability_bins(rows)
    assert sum(row.clips for row in bins) == 200
    assert all(row.low < row.confidence <= row.high for row in bins)
    gap = sum(row.clips * abs(row.confidence - row.accuracy) for row in bins) / 200
    assert reliability(rows).ece == pytest.approx(gap)


@pytest.mark.parametrize(("sure", "low"), [(0.333333, 4), (0.6, 8), (1.0, 14), (0.34, 5)])
def test_a_confidence_on_a_border_lies_in_the_bin_below(sure: float, low: int) -> None:
    [row, *_] = drawn()
    rest = (1 - sure) / 2
    one = replace(row, predicted=0, probabilities=(sure, rest, rest))
    [found] = reliability_bins([one])
    assert found.low == pytest.approx(low / BINS)


def test_equally_sure_clips_are_kept_together() -> None:
    rows = [
        replace(row, predicted=0, truth=int(k % 4 == 0), probabilities=(0.6, 0.3, 0.1))
        for k, row in enumerate(drawn(8))
    ]
    assert risk_coverage(rows) == [(1.0, 0.25)]
    assert reliability(rows).aurc == 0.25


def test_the_curve_ends_with_all_clips_and_the_share_of_wrong_ones() -> None:
    rows = drawn(100)
    curve = risk_coverage(rows)
    assert [kept.coverage for kept in curve] == sorted({kept.coverage for kept in curve})
    wrong = sum(row.truth != row.predicted for row in rows) / 100
    assert curve[-1] == (1.0, pytest.approx(wrong))


def test_a_true_class_of_probability_0_costs_much_and_not_everything() -> None:
    rows = [replace(row, truth=2, predicted=0, probabilities=(1.0, 0.0, 0.0)) for row in drawn(4)]
    found = reliability(rows)
    assert found.nll == pytest.approx(-np.log(1e-6))
    assert (found.ece, found.brier, found.aurc) == (1, 2, 1)


def test_one_subject_has_no_interval() -> None:
    assert reliability(drawn(subjects=1)).interval_95 is None


def test_the_lines_have_both_or_none() -> None:
    given, before = reliability(drawn()), reliability(drawn(power=3))
    assert reliability_lines(None, None) == []
    [_, header, line] = reliability_lines(given, None)
    assert line.split()[:3] == ["as", "given", f"{given.ece:.3f}"]
    assert header.startswith("probabilities")
    *_, calibrated, uncalibrated = reliability_lines(given, before)
    assert calibrated.split()[:2] == ["calibrated", f"{given.ece:.3f}"]
    assert uncalibrated.split()[:2] == ["uncalibrated", f"{before.ece:.3f}"]
