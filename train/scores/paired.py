"""Two classifiers on the same clips: bootstrapped differences and McNemar's exact test.

Both are paired: each clip is its own control, so its difficulty cancels out.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from raicl.train.scores.metrics import SCORES, Table, Values, percentile_interval, resample_subjects


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A score of the second classifier minus that of the first.

    Attributes
    ----------
    interval : 95 % interval by a bootstrap over subjects. None for one subject, whose resample is
        always itself.
    p : two-sided p of no difference. None for one subject.
    """

    value: float
    interval: tuple[float, float] | None
    p: float | None


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
    """The difference of every score, on the same draws of subjects for both.

    Parameters
    ----------
    first, second : confusion matrices (..., subjects, L, L) of the same subjects in the same order.
        Scores are averaged over the leading axes, such as runs under several seeds. The two may
        have different numbers of runs.

    Raises
    ------
    ValueError : the two differ in their subjects, in their classes or in a subject's true classes.
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


def bootstrap_p(differences: Values) -> float:
    """Two-sided p of no difference: twice the smaller tail of resampled differences beyond 0.

    The observed sample counts as one more resample (Davison & Hinkley 1997, section 4.2), so p is
    never 0. Its smallest value is 2 / (replicas + 1).
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
    """Two-sided p of McNemar's exact test: each discordant clip is the toss of a fair coin.

    p is 1 without a discordant clip. The test takes clips as independent, but the clips of one
    subject are not. The bootstrap over subjects is the more careful test.
    """
    n = first_only + second_only
    tail = sum(comb(n, k) for k in range(min(first_only, second_only) + 1))
    return min(1.0, float(2 * tail / 2**n))
