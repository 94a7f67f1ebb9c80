"""UF1, UAR and accuracy of a pooled confusion matrix, and their subject-bootstrap interval.

Every function takes tables ``(..., L, L)`` with true classes in rows and predicted ones in columns.
One formula then serves the pool, a database's part of it and thousands of bootstrap replicas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int64]
Values = NDArray[np.float64]


def confusion_matrix(truth: Sequence[int], predicted: Sequence[int], n_classes: int) -> Table:
    """Count the clips of each true class (row) and predicted class (column).

    Raises
    ------
    ValueError : the two differ in length, or a class lies outside ``0 … n_classes - 1``.
    """
    rows, columns = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    if rows.shape != columns.shape:
        raise ValueError(f"{rows.size} true classes, {columns.size} predicted ones")
    both = np.concatenate([rows, columns])
    if both.size and not (both.min() >= 0 and both.max() < n_classes):
        raise ValueError(f"classes {both.min()} … {both.max()} do not fit {n_classes} classes")
    table = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(table, (rows, columns), 1)
    return table


def f1_per_class(table: Table) -> Values:
    """F1_c = 2 TP_c / (2 TP_c + FP_c + FN_c), shape (..., L).

    A class that is neither true nor predicted anywhere scores 0 and still counts in the mean, as in
    scikit-learn with ``labels`` fixed and ``zero_division=0``.
    """
    hits = np.diagonal(table, axis1=-2, axis2=-1)
    return _share(2 * hits, table.sum(-1) + table.sum(-2))


def recall_per_class(table: Table) -> Values:
    """R_c = TP_c / n_c, shape (..., L); 0 for a class without clips.

    Such a class still counts in the mean, as in scikit-learn's ``recall_score`` with ``labels``
    fixed. scikit-learn's ``balanced_accuracy_score`` leaves the class out.
    """
    return _share(np.diagonal(table, axis1=-2, axis2=-1), table.sum(-1))


def uf1(table: Table) -> Values:
    """Unweighted mean over classes of F1 (MEGC2019)."""
    return np.asarray(f1_per_class(table).mean(-1))


def uar(table: Table) -> Values:
    """Unweighted mean over classes of recall (MEGC2019)."""
    return np.asarray(recall_per_class(table).mean(-1))


def accuracy(table: Table) -> Values:
    """Share of clips on the diagonal; 0 for an empty table."""
    hits = np.diagonal(table, axis1=-2, axis2=-1).sum(-1)
    return _share(hits, table.sum((-2, -1)))


SCORES: dict[str, Callable[[Table], Values]] = {"uf1": uf1, "uar": uar, "accuracy": accuracy}


def resample_subjects(tables: Table, *, seed: int = 0, replicas: int = 2000) -> Table:
    """Pooled tables of `replicas` draws of the subjects, with replacement.

    Subjects are drawn instead of clips, because the clips of one face are not independent.

    Parameters
    ----------
    tables : confusion matrices, (..., subjects, L, L). All leading entries see the same draws.
    seed : seed of the draws. Equal seeds and numbers of subjects give equal draws.

    Returns
    -------
    (..., replicas, L, L).
    """
    times_drawn = draw_subjects(tables.shape[-3], seed=seed, replicas=replicas)
    return np.asarray(np.einsum("rs,...sij->...rij", times_drawn, tables))


def draw_subjects(n: int, *, seed: int = 0, replicas: int = 2000) -> NDArray[np.int64]:
    """How often each of `n` subjects is in each draw of as many with replacement, (replicas, n)."""
    return np.random.default_rng(seed).multinomial(n, [1 / n] * n, size=replicas)


def percentile_interval(values: Values, *, level: float = 0.95) -> tuple[float, float]:
    """Low and high end of the interval that leaves out equal tails of bootstrapped values."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def subject_intervals(tables: Table, *, seed: int = 0) -> dict[str, tuple[float, float]]:
    """The 95 % percentile interval of each score under `resample_subjects`.

    A class that no drawn subject has scores 0 in that draw, like a class that is absent from all
    predictions (docs/method.md 5, rule 7). If few subjects have a class, the lower end is low.

    Parameters
    ----------
    tables : one confusion matrix per held-out subject, (subjects, L, L).

    Returns
    -------
    (low, high) per name of `SCORES`.
    """
    replicated = resample_subjects(tables, seed=seed)
    return {name: percentile_interval(score(replicated)) for name, score in SCORES.items()}


def _share(part: Table, whole: Table) -> Values:
    return np.asarray(np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0))
