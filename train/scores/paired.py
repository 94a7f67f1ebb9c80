"""Two classifiers on the same clips: differences of scores with their tests, and McNemar's.

Both are paired: each clip is its own control, so its difficulty cancels out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from raicl.train.scores.metrics import SCORES, Table, Values, percentile_interval, resample_subjects
from raicl.train.scores.swaps import swap_test

LEVEL, POWER = 0.05, 0.8
_NO_SPREAD = 1e-12  # what rounding makes of equal differences
# standard errors from 0 to a difference that a two-sided test at this level finds so often
_ERRORS = NormalDist().inv_cdf(1 - LEVEL / 2) + NormalDist().inv_cdf(POWER)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A score of the second classifier minus that of the first.

    Attributes
    ----------
    interval : 95 % interval by a bootstrap over subjects. None for one subject, whose resample is
        always itself.
    p : two-sided p of no difference, by swapping the two within subjects. None for one subject.
    least_p : the least p that so many subjects allow: 2 / 2^n for up to 20, and 1 / 10,000 for
        more, whose swaps are drawn. None for one subject.
    detectable : a smaller true difference has p < .05 in less than 80 % of samples of so many
        subjects with such a spread: 2.8 standard errors, by the bootstrap. One of this size has it
        in 80 % if there are many subjects, and in less if there are few, whose swaps are few. None
        where it cannot be said: for one subject, where `least_p` is not below .05, and where there
        is no spread.
    """

    value: float
    interval: tuple[float, float] | None
    p: float | None
    least_p: float | None
    detectable: float | None


@dataclass(frozen=True, kw_only=True)
class MeanScore:
    """A score over several runs.

    Attributes
    ----------
    values : score of each run.
    resampled : mean over runs on each draw of the subjects, (replicas,).
    """

    values: tuple[float, ...]
    resampled: Values

    @property
    def value(self) -> float:
        """The mean over runs."""
        return float(np.mean(self.values))

    @property
    def sd(self) -> float | None:
        """The sample standard deviation over runs. None for one run."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


@dataclass(frozen=True, kw_only=True)
class Discordance:
    """How two classifiers disagree on the same clips.

    Attributes
    ----------
    differ : number of clips that get different classes.
    first_only, second_only : number of clips that only the first or only the second gets right.
    p : two-sided p of McNemar's exact test.
    """

    differ: int
    first_only: int
    second_only: int
    p: float


def paired_differences(first: Table, second: Table, *, seed: int = 0) -> dict[str, Difference]:
    """The difference of every score, tested, with its interval from equal draws for both.

    Parameters
    ----------
    first, second : confusion matrices (..., subjects, L, L) of the same subjects in the same order.
        Scores are averaged over the leading axes, such as runs under several seeds. The two may
        have different numbers of runs; `swap_test` says what is then tested.
    seed : seed of the draws.

    Raises
    ------
    ValueError : the two differ in their subjects, in their classes or in a subject's true classes.
    """
    first, second = (table.reshape(-1, *table.shape[-3:]) for table in (first, second))
    truths = [table.sum(-1) for table in (first, second)]
    if first.shape[1:] != second.shape[1:] or any((t != truths[0][0]).any() for t in truths):
        raise ValueError("the tables are not of the same clips")
    test = swap_test(first, second, seed=seed)
    alone = first.shape[1] == 1
    found = {}
    for name in SCORES:
        before, after = (mean_score(table, name, seed=seed) for table in (first, second))
        resampled = after.resampled - before.resampled
        found[name] = Difference(
            value=after.value - before.value,
            interval=None if alone else percentile_interval(resampled),
            p=None if alone else test.p[name],
            least_p=None if alone else test.least,
            detectable=None if test.least >= LEVEL else _detectable(resampled, first.shape[1]),
        )
    return found


def paired_interval(
    first: Table, second: Table, name: str, *, seed: int = 0
) -> tuple[float, float] | None:
    """The interval of `paired_differences` for one score, without the test."""
    if first.shape[-3] == 1:
        return None
    first, second = (table.reshape(-1, *table.shape[-3:]) for table in (first, second))
    before, after = (mean_score(table, name, seed=seed) for table in (first, second))
    return percentile_interval(after.resampled - before.resampled)


def _detectable(resampled: Values, n: int) -> float | None:
    # resamples of n subjects vary like means about the sample's own mean: less by (n - 1) / n
    error = float(resampled.std()) * (n / (n - 1)) ** 0.5
    return _ERRORS * error if error > _NO_SPREAD else None


def mean_score(tables: Table, name: str, *, seed: int = 0) -> MeanScore:
    """A score averaged over runs, on all subjects and on each draw of the subjects.

    Parameters
    ----------
    tables : confusion matrices, (runs, subjects, L, L). All runs see the same draws.
    name : one of `SCORES`.
    """
    score = SCORES[name]
    values = score(tables.sum(1))
    return MeanScore(
        values=tuple(map(float, values)),
        resampled=score(resample_subjects(tables, seed=seed)).mean(0),
    )


def discordance(first: NDArray[np.int64], second: NDArray[np.int64], truth: NDArray[np.int64]
) -> Discordance:  # fmt: skip
    """Count the clips on which two classifiers differ, and test whether one is right more often.

    Parameters
    ----------
    first, second, truth : class indices (clips,), the same clips in the same order.
    """
    right, other = first == truth, second == truth
    first_only, second_only = int((right & ~other).sum()), int((~right & other).sum())
    return Discordance(
        differ=int((first != second).sum()),
        first_only=first_only,
        second_only=second_only,
        p=mcnemar_p(first_only, second_only),
    )


def mcnemar_p(first_only: int, second_only: int) -> float:
    """Two-sided p of McNemar's exact test: each discordant clip is the toss of a fair coin.

    p is 1 without a discordant clip. The test takes clips as independent, but the clips of one
    subject are not. `swap_test` keeps them together and is the more careful test.
    """
    n = first_only + second_only
    tail = sum(comb(n, k) for k in range(min(first_only, second_only) + 1))
    return min(1.0, float(2 * tail / 2**n))
