"""Two classifiers on the same clips: bootstrapped differences and McNemar's exact test.

Both are paired: each clip is its own control, so that what is hard about it cancels out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from raicl.train.scores.metrics import SCORES, Table, Values, percentile_interval, resample_subjects

Marks = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A score of the second classifier minus that of the first.

    Attributes
    ----------
    interval : 95 %, by a bootstrap over subjects; p : two-sided, of no difference. Both None for
        one subject, whose resample is always itself.
    """

    value: float
    interval: tuple[float, float] | None
    p: float | None


@dataclass(frozen=True, kw_only=True)
class MeanScore:
    """A score over several runs.

    Attributes
    ----------
    values : of each run; resampled : (replicas,), their mean on other draws of subjects.
    """

    values: tuple[float, ...]
    resampled: Values

    @property
    def value(self) -> float:
        """The mean over runs."""
        return float(np.mean(self.values))

    @property
    def sd(self) -> float | None:
        """The sample standard deviation over runs; None for one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


@dataclass(frozen=True, kw_only=True)
class Discordance:
    """How two classifiers disagree on the same clips.

    Attributes
    ----------
    differ : clips that are given different classes.
    first_only, second_only : clips that only the one or only the other gets right.
    p : two-sided, of McNemar's exact test.
    """

    differ: int
    first_only: int
    second_only: int
    p: float


def paired_differences(first: Table, second: Table, *, seed: int = 0) -> dict[str, Difference]:
    """The difference of every score, on the same draws of subjects for both.

    Parameters
    ----------
    first, second : (..., subjects, L, L), the same subjects in the same order; scores are averaged
        over what leads, e.g. runs under several seeds, of which the two may have different numbers.

    Raises
    ------
    ValueError : the two differ in shape or in the true classes of a subject.
    """
    first, second = (table.reshape(-1, *table.shape[-3:]) for table in (first, second))
    truths = [table.sum(-1) for table in (first, second)]
    if first.shape[1:] != second.shape[1:] or any((t != truths[0][0]).any() for t in truths):
        raise ValueError("the tables are not of the same clips")
    found = {}
    for name in SCORES:
        before, after = (mean_score(table, name, seed=seed) for table in (first, second))
        value, interval, p = after.value - before.value, None, None
        if first.shape[1] > 1:
            resampled = after.resampled - before.resampled
            interval, p = percentile_interval(resampled), bootstrap_p(resampled)
        found[name] = Difference(value=value, interval=interval, p=p)
    return found


def mean_score(tables: Table, name: str, *, seed: int = 0) -> MeanScore:
    """A score, averaged over runs, and what it is when the subjects are drawn anew.

    Parameters
    ----------
    tables : (runs, subjects, L, L); every run sees the same draws.
    name : of `SCORES`.
    """
    score = SCORES[name]
    values = score(tables.sum(1))
    return MeanScore(
        values=tuple(map(float, values)),
        resampled=score(resample_subjects(tables, seed=seed)).mean(0),
    )


def bootstrap_p(differences: Values) -> float:
    """Two-sided p of no difference: twice the smaller tail of resampled differences beyond 0.

    The observed sample counts as one more resample (Davison & Hinkley 1997, section 4.2), so that
    p is never 0: the smallest is 2 / (replicas + 1).
    """
    tail = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2 * (tail + 1) / (differences.size + 1))


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
    """Two-sided exact p of McNemar's test: discordant clips fall to either side by a fair coin.

    1 where there is no discordant clip. It takes clips as independent, which those of one subject
    are not: the bootstrap over subjects is the more careful one.
    """
    n = first_only + second_only
    tail = sum(comb(n, k) for k in range(min(first_only, second_only) + 1))
    return min(1.0, float(2 * tail / 2**n))
