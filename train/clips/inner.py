"""Inner split: a fold's training subjects again in two, so that probabilities can be calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from raicl.common.errors import InputError
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold

SHARE = 5  # one of so many training subjects is held out
_DRAW = 1  # keeps the draw apart from the draws of the pairs, which have the same seed


def inner_fold(
    fold: Fold, subjects: Mapping[str, str], labels: Mapping[str, int], *, seed: int
) -> Fold:
    """The fold that trains on most training subjects of `fold` and tests the others [ours].

    A fifth of the subjects is held out, rounded, at least one. They are drawn by the seed. A
    subject without whom a class would have no clip left is passed over; if that leaves nobody, the
    first one drawn is held out. What `fold` tests is not looked at.

    Parameters
    ----------
    subjects : ``dataset/subject`` by clip id.
    labels : class index by clip id.
    seed : seed of the fold.

    Raises
    ------
    InputError : `fold` trains on one subject alone.
    """
    by_subject: dict[str, list[str]] = {}
    for clip in fold.train:
        by_subject.setdefault(subjects[clip], []).append(clip)
    if len(by_subject) < 2:
        raise InputError(
            f"fold {fold.name} trains on one subject, so there is none to calibrate on",
            where=", ".join(by_subject),
            fix="leave --calibration out, or add clips of other subjects",
        )
    held = set(_draw(by_subject, labels, np.random.default_rng([seed, _DRAW])))
    return Fold(
        index=fold.index,
        name=f"{fold.name} (inner)",
        train=tuple(clip for clip in fold.train if subjects[clip] not in held),
        test=tuple(clip for clip in fold.train if subjects[clip] in held),
    )


def check_inner(composite: Composite, folds: Sequence[Fold]) -> None:
    """Check that every fold trains on two subjects at least, before any of them is trained.

    Raises
    ------
    InputError : one does not.
    """
    for fold in folds:
        inner_fold(fold, composite.subjects(fold.train), composite.labels, seed=0)


def _draw(
    by_subject: Mapping[str, Sequence[str]], labels: Mapping[str, int], rng: np.random.Generator
) -> list[str]:
    names = list(by_subject)
    drawn = [names[index] for index in rng.permutation(len(names))]
    wanted = max(1, round(len(names) / SHARE))
    classes = {labels[clip] for clips in by_subject.values() for clip in clips}
    held: list[str] = []
    for name in drawn:
        left = {labels[c] for n in names if n not in {*held, name} for c in by_subject[n]}
        if left == classes and len(held) < wanted:
            held.append(name)
    return held or drawn[:1]
