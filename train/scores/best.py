"""Best: which of several classifiers is clearly the best on the same clips."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Interval = tuple[float, float]


def clearly_best(
    scores: Mapping[str, float], interval_of: Callable[[str, str], Interval | None]
) -> str | None:
    """The classifier whose score is told from that of every other one.

    Parameters
    ----------
    scores : score of each classifier, by its name.
    interval_of : of two names, the 95 % interval of the second's score minus the first's; None if
        there is none.

    Returns
    -------
    Its name. None if it stands alone, or if the interval of its difference from any other does not
    lie above 0. The intervals are not corrected for their number.
    """
    best = max(scores, key=lambda name: scores[name], default="")
    others = [name for name in scores if name != best]
    for name in others:
        interval = interval_of(name, best)
        if interval is None or interval[0] <= 0:
            return None
    return best if others else None
