"""Calibration: whether probabilities are as often right as they say, from predictions alone.

The confidence of a prediction is the probability of the class that was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from raicl.train.scores.metrics import draw_subjects, percentile_interval
from raicl.train.scores.predictions import Prediction

BINS = 15  # of equal width, as in Guo et al. 2017, section 4
FLOOR = 1e-6  # least probability in a logarithm: the files keep six digits
_CHANCE = 2000  # draws of right and wrong answers
Ends = tuple[float, float]
Values = NDArray[np.float64]


class ReliabilityIntervals(BaseModel):
    """The ends of the 95 % intervals of `Reliability`, by a bootstrap over subjects.

    Attributes
    ----------
    ece, nll, brier, aurc : lower and upper end.
    """

    model_config = ConfigDict(frozen=True)

    ece: Ends
    nll: Ends
    brier: Ends
    aurc: Ends


class Reliability(BaseModel):
    """How far probabilities can be trusted. Of every number less is better.

    Attributes
    ----------
    ece : expected calibration error (Naeini et al. 2015): mean distance between confidence and
        share of right clips, over 15 bins of the confidence of equal width, weighted by their
        clips.
    nll : mean negative logarithm of the true class's probability, nats. A probability below 10^-6
        counts as 10^-6.
    brier : mean squared distance between the probabilities and the true class, 0 to 2.
    aurc : area under the risk-coverage curve: mean share of wrong clips among the surest, over all
        numbers of clips that one may keep (Geifman & El-Yaniv 2017).
    ece_by_chance : 2.5 and 97.5 % ends of the ECE if every confidence were exactly the chance of
        being right, with as many clips. It is not 0, because a bin has few clips.
    interval_95 : 95 % intervals. None for a single subject.
    """

    model_config = ConfigDict(frozen=True)

    ece: float
    nll: float
    brier: float
    aurc: float
    ece_by_chance: Ends
    interval_95: ReliabilityIntervals | None


class Bin(NamedTuple):
    """The predictions of one bin of the confidence, which is above `low` and at most `high`.

    Attributes
    ----------
    clips : their number, at least 1.
    confidence : their mean confidence.
    accuracy : the share of them that is right.
    """

    low: float
    high: float
    clips: int
    confidence: float
    accuracy: float


class Kept(NamedTuple):
    """A point of the risk-coverage curve: clips of at least some confidence.

    Attributes
    ----------
    coverage : their share of all clips.
    risk : the share of them that is wrong.
    """

    coverage: float
    risk: float


def reliability(predictions: Sequence[Prediction], *, seed: int = 0) -> Reliability:
    """Calibration and risk-coverage of predictions, whose order does not matter.

    Parameters
    ----------
    seed : seed of the subject bootstrap and of the answers drawn by chance.
    """
    judged = _judge(predictions)
    n = int(judged.subject.max()) + 1
    [values] = _measures(judged, np.ones((1, n)))
    drawn = _measures(judged, draw_subjects(n, seed=seed).astype(float))
    ends = dict(zip(_NAMES, map(percentile_interval, drawn.T), strict=True))
    return Reliability(
        **dict(zip(_NAMES, values.tolist(), strict=True)),
        ece_by_chance=percentile_interval(_by_chance(judged, seed)),
        interval_95=ReliabilityIntervals(**ends) if n > 1 else None,
    )


def reliability_bins(predictions: Sequence[Prediction]) -> list[Bin]:
    """The bins of the ECE that hold a prediction, from the lowest confidence on."""
    judged = _judge(predictions)
    return [
        Bin(
            low=k / BINS,
            high=(k + 1) / BINS,
            clips=int(inside.sum()),
            confidence=float(judged.confidence[inside].mean()),
            accuracy=float(judged.right[inside].mean()),
        )
        for k in range(BINS)
        if (inside := judged.bins == k).any()
    ]


def risk_coverage(predictions: Sequence[Prediction]) -> list[Kept]:
    """The risk-coverage curve, from the surest clips to all. Equally sure ones come together."""
    judged = _judge(predictions)
    kept, wrong = _cumulated(judged, np.ones((1, len(judged.right))))
    n = len(judged.right)
    return [Kept(float(k / n), float(w / k)) for k, w in zip(kept[0], wrong[0], strict=True)]


def reliability_lines(given: Reliability | None, before: Reliability | None) -> list[str]:
    """Both as lines of text, for the table at the end of a run.

    Parameters
    ----------
    given : of the run's probabilities.
    before : of the same network's before they were calibrated. None if they are not.
    """
    rows = {"as given" if before is None else "calibrated": given, "uncalibrated": before}
    lines = [
        "",
        f"{'probabilities':<14}{'ECE':>7}{'NLL':>8}{'Brier':>8}{'AURC':>8}"
        "   ECE 95 % (subjects)   ECE by chance",
    ]
    for name, row in rows.items():
        if row is not None:
            numbers = f"{row.ece:>7.3f}{row.nll:>8.3f}{row.brier:>8.3f}{row.aurc:>8.3f}"
            interval = _ends(None if row.interval_95 is None else row.interval_95.ece)
            lines.append(f"{name:<14}{numbers}   {interval:<22}{_ends(row.ece_by_chance)}")
    return lines if given is not None else []


def _ends(ends: Ends | None) -> str:
    return "none" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"


_NAMES = ("ece", "nll", "brier", "aurc")


class _Judged(NamedTuple):
    """Predictions as arrays over the clips, (N,) each."""

    subject: NDArray[np.int64]
    confidence: Values
    right: Values
    bins: NDArray[np.int64]
    nll: Values
    brier: Values


def _judge(predictions: Sequence[Prediction]) -> _Judged:
    rows = sorted(predictions, key=lambda row: (row.subject, row.clip))
    every = np.arange(len(rows))
    probabilities = np.array([row.probabilities for row in rows])
    truth = np.array([row.truth for row in rows])
    given = np.array([row.predicted for row in rows])
    confidence = probabilities[every, given]
    true = np.eye(probabilities.shape[1])[truth]
    # rounded, so that a confidence on a border lies in the bin below it, as 1/3 of 15 bins does
    bins = np.ceil(np.round(confidence * BINS, 4)).astype(np.int64) - 1
    return _Judged(
        subject=np.unique([row.subject for row in rows], return_inverse=True)[1],
        confidence=confidence,
        right=(truth == given).astype(float),
        bins=bins.clip(0, BINS - 1),
        nll=-np.log(probabilities[every, truth].clip(FLOOR)),
        brier=((probabilities - true) ** 2).sum(1),
    )


def _measures(judged: _Judged, times: Values) -> Values:
    """ECE, NLL, Brier and AURC if each subject is there so many times, (R, 4).

    Parameters
    ----------
    times : (R, subjects).
    """
    weights = times[:, judged.subject]  # (R, N)
    n = weights.sum(1)
    gaps = weights @ _by_bin(judged, judged.right)
    kept, wrong = _cumulated(judged, weights)
    risk = np.divide(wrong, kept, out=np.zeros_like(kept), where=kept > 0)
    area = (np.diff(kept, axis=1, prepend=0) * risk).sum(1)
    sums = [np.abs(gaps).sum(1), weights @ judged.nll, weights @ judged.brier, area]
    return np.asarray(np.stack(sums, 1) / n[:, None])


def _by_bin(judged: _Judged, right: Values) -> Values:
    """Confidence minus right (N,), in the column of its bin, (N, bins)."""
    return np.asarray(np.eye(BINS)[judged.bins] * (judged.confidence - right)[:, None])


def _cumulated(judged: _Judged, weights: Values) -> tuple[Values, Values]:
    """How many clips are as sure as each confidence that occurs, and how many are wrong, (R, K)."""
    order = np.argsort(-judged.confidence, kind="stable")
    sure = judged.confidence[order]
    last = np.flatnonzero(np.diff(sure, append=-1.0))  # the last of those that are equally sure
    kept = weights[:, order].cumsum(1)[:, last]
    wrong = (weights * (1 - judged.right))[:, order].cumsum(1)[:, last]
    return kept, wrong


def _by_chance(judged: _Judged, seed: int) -> Values:
    """The ECE of answers that are right as often as their confidence says, (draws,)."""
    uniform = np.random.default_rng(seed).random((_CHANCE, len(judged.right)))
    gaps = (judged.confidence - (uniform < judged.confidence)) @ np.eye(BINS)[judged.bins]
    return np.asarray(np.abs(gaps).sum(1) / len(judged.right))
