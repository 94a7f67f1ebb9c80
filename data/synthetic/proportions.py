"""Classes in given proportions, as real databases have them, instead of equally many of each."""

from __future__ import annotations

import numpy as np

from raicl.common.errors import UsageError

CLASSES = ("negative", "positive", "surprise")  # the order of the composite's published counts
Proportions = tuple[float, float, float]


def read_proportions(text: str) -> Proportions:
    """Proportions from ``57,25,19``: negative, positive, surprise. Their sum does not matter.

    Raises
    ------
    UsageError : these are not three positive numbers.
    """
    try:
        negative, positive, surprise = (float(part) for part in text.split(","))
    except ValueError:
        negative = positive = surprise = np.nan
    proportions = (negative, positive, surprise)
    if not all(0 < value < np.inf for value in proportions):
        raise UsageError(
            f"--proportions {text}: expected three positive numbers, for {', '.join(CLASSES)}",
            fix="for example 57,25,19, as in the composite of three databases",
        )
    return proportions


def count_classes(clips: int, proportions: Proportions) -> tuple[int, int, int]:
    """Number of clips of each class, of `clips` in all. Every class has at least one.

    Largest remainders, so no class is off by a whole clip, unless it would have none.

    Raises
    ------
    UsageError : there are fewer clips than classes.
    """
    if clips < len(CLASSES):
        raise UsageError(
            f"--proportions: {clips} clips are too few for {len(CLASSES)} classes",
            fix="ask for more people or more clips",
        )
    exact = clips * np.array(proportions) / sum(proportions)
    counts = np.floor(exact).astype(int)
    left_over = np.argsort(counts - exact, kind="stable")[: clips - counts.sum()]
    counts[left_over] += 1
    while counts.min() == 0:
        counts[counts.argmax()] -= 1
        counts[counts.argmin()] += 1
    negative, positive, surprise = (int(count) for count in counts)
    return negative, positive, surprise


def schedule_proportions(
    subjects: int, clips: int, proportions: Proportions
) -> tuple[tuple[str, ...], ...]:
    """Emotions (subjects, clips) in `proportions`, spread evenly over the subjects.

    The negative ones are disgust and repression in turn. There are no rare emotions, which belong
    to none of the classes [ours].

    Raises
    ------
    UsageError : as `count_classes`.
    """
    total = subjects * clips
    counts = np.array(count_classes(total, proportions))
    given = np.zeros(len(CLASSES), int)
    emotions = []
    for clip in range(1, total + 1):
        due = counts * clip / total - given  # the class that is furthest behind is next
        chosen = int(np.where(given < counts, due, -np.inf).argmax())
        negative = ("disgust", "repression")[given[0] % 2]
        emotions.append((negative, "happiness", "surprise")[chosen])
        given[chosen] += 1
    return tuple(tuple(emotions[n : n + clips]) for n in range(0, total, clips))
