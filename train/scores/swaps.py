"""Swaps: the exact test of no difference between two classifiers over the same subjects.

If two classifiers do not differ, it does not matter which of the two gave which of a subject's two
sets of answers. The test swaps them in every possible way and asks how often the scores then differ
by at least as much as they do. It draws nothing and assumes nothing about a distribution; that the
clips of one subject are not independent does not matter, because they are swapped together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raicl.train.scores.metrics import SCORES, Table, Values

MOST_EXACT = 20  # subjects; 2^20 swaps, of which half are computed
DRAWS = 9_999  # swaps for more subjects; 10,000 with the observed one
_TIE = 1e-12  # scores of equal tables can differ by rounding
_CELLS = 2**18  # cells of a chunk of tables, 2 MiB

Swaps = NDArray[np.bool_]  # which of the subjects are swapped, (swaps, subjects)


@dataclass(frozen=True, kw_only=True)
class SwapTest:
    """The result of `swap_test`.

    Attributes
    ----------
    p : two-sided p of no difference, by name of `SCORES`.
    least : the least p that so many subjects allow. 1 for one subject.
    """

    p: dict[str, float]
    least: float


def swap_test(first: Table, second: Table, *, seed: int = 0) -> SwapTest:
    """Test whether two classifiers differ, by swapping their tables within subjects.

    The statistic is the difference between the means over runs of the pooled scores, two-sided. All
    runs of a subject are swapped together. Up to `MOST_EXACT` subjects, or if so few of them differ
    that all swaps are fewer than `DRAWS`, p is that of all 2^n swaps, and at least 2 / 2^n. Else
    `DRAWS` swaps are drawn, and the observed tables count as one more (Davison & Hinkley 1997,
    section 4.2), so that p is at least 1 / (`DRAWS` + 1).

    Parameters
    ----------
    first, second : confusion matrices (runs, subjects, L, L) of the same clips. With equal numbers
        of runs, run k of one stands opposite run k of the other, and the test is exact. Otherwise
        each run of one stands opposite each run of the other: the statistic is still the difference
        of the means, but the test is approximate, because a mean of fewer runs varies more.
    seed : seed of the drawn swaps.
    """
    first, second = _opposite(first, second)
    # to swap a subject whose tables are equal changes nothing: each swap of the others then stands
    # for as many, and p is the same
    gained = (second - first)[:, (first != second).any((0, 2, 3))]
    many = first.shape[1] > MOST_EXACT
    drawn = many and 2 ** gained.shape[1] > 2 * DRAWS
    pooled, both = first.sum(1), (first + second).sum(1)
    observed = _statistics(pooled[None], both)
    chances = _draw(gained.shape[1], seed) if drawn else _every(gained.shape[1])
    beyond, every = dict.fromkeys(SCORES, int(drawn)), len(chances) + drawn
    for swaps in _chunks(chances, pooled.size):
        swapped = pooled + np.tensordot(swaps, gained.swapaxes(0, 1).astype(float), 1)
        for name, values in _statistics(swapped.astype(np.int64), both).items():
            beyond[name] += int((np.abs(values) >= np.abs(observed[name]) - _TIE).sum())
    return SwapTest(
        p={name: count / every for name, count in beyond.items()},
        least=1 / (DRAWS + 1) if many else 2.0 ** (1 - first.shape[1]),
    )


def _opposite(first: Table, second: Table) -> tuple[Table, Table]:
    """As many runs on both sides: as they are, or each of one with each of the other."""
    n, m = len(first), len(second)
    if n == m:
        return first, second
    return np.repeat(first, m, axis=0), np.tile(second, (n, 1, 1, 1))


def _statistics(pooled: Table, both: Table) -> dict[str, Values]:
    """Each score of the second side minus that of the first, mean over runs, (swaps,).

    Parameters
    ----------
    pooled : pooled tables of the first side, (swaps, runs, L, L).
    both : those of the two sides together, (runs, L, L).
    """
    return {
        name: np.asarray((score(both - pooled) - score(pooled)).mean(-1))
        for name, score in SCORES.items()
    }


def _every(n: int) -> Swaps:
    """Half of all swaps: to swap the other subjects instead changes the sign alone."""
    numbers = np.arange(2 ** max(n - 1, 0))
    # the last subject stays
    return np.asarray((numbers[:, None] >> np.arange(n)) % 2, np.bool_)


def _draw(n: int, seed: int) -> Swaps:
    return np.random.default_rng(seed).integers(0, 2, (DRAWS, n), np.uint8).astype(bool)


def _chunks(swaps: Swaps, cells: int) -> Iterator[Swaps]:
    """Parts of which the tables, of so many cells each, fit into little memory."""
    step = max(1, _CELLS // cells)
    yield from (swaps[start : start + step] for start in range(0, len(swaps), step))


def holm(ps: list[float | None]) -> list[float | None]:
    """Holm's step-down correction of the p-values of one family (Holm 1979).

    The chance that any p of a true null falls below a level after it is at most that level,
    whatever the dependence between the tests.

    Parameters
    ----------
    ps : None for a comparison that was not tested, which does not count and stays None.
    """
    tested = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    corrected, floor = list(ps), 0.0
    for rank, (p, place) in enumerate(tested):
        floor = max(floor, min(1.0, (len(tested) - rank) * p))
        corrected[place] = floor
    return corrected


def shown_p(p: float) -> str:
    """Four decimals, or one digit with its power of ten where they would show 0."""
    return f"{p:.4f}" if p >= 1e-4 else f"{p:.0e}"
