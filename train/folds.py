"""Folds: who is held out when."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from raicl.common.clip import Clip
from raicl.common.errors import InputError, PartialError

_PATH_PART = re.compile(r"(?!\.\.?$)[^/\\\0]+")


class FoldError(PartialError):
    """One fold cannot be finished; the others go on."""


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One held-out subject.

    Attributes
    ----------
    index : row among all subjects in natural order, also those without a
        fold; the fold's seed is the run's plus this.
    subject : ``dataset/subject`` of the held-out person.
    train, test : clip ids, disjoint.
    """

    index: int
    subject: str
    train: tuple[str, ...]
    test: tuple[str, ...]


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key in which sub9 stands before sub10; the raw text breaks ties such as 01 and 1."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    key = [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]
    return (*key, (2, 0, text))


def leave_one_subject_out(clips: Sequence[Clip]) -> tuple[Fold, ...]:
    """One fold per ``dataset/subject``, in natural order, whatever the order of `clips`.

    Clips whose split is ``test`` are never trained on, and those whose split is ``train`` never
    tested; a subject without any to test has no fold.

    Raises
    ------
    InputError : fewer than two subjects, nothing to train on or to test, a clip id given twice, or
        a name unfit for a folder.
    """
    ordered = sorted(
        clips, key=lambda clip: (clip.dataset, natural(clip.subject), natural(clip.id))
    )
    keys = list(dict.fromkeys(clip.subject_key for clip in ordered))
    if len(keys) < 2:
        raise InputError(
            f"leave-one-subject-out needs two subjects, found {len(keys)}",
            where=", ".join(keys),
            fix="prepare the clips of more subjects, or add another cache",
        )
    most, times = Counter(clip.id for clip in clips).most_common(1)[0]
    if times > 1:
        raise InputError(f"clip {most} is there twice", fix="give each database once")
    for clip in ordered:
        if not (_PATH_PART.fullmatch(clip.dataset) and _PATH_PART.fullmatch(clip.subject)):
            raise InputError(f"{clip.subject_key!r} cannot name a folder", where=clip.id)
    folds = []
    for index, subject in enumerate(keys):
        fold = Fold(
            index=index,
            subject=subject,
            train=tuple(c.id for c in ordered if c.subject_key != subject and c.trained),
            test=tuple(c.id for c in ordered if c.subject_key == subject and c.tested),
        )
        check_disjoint(fold, ordered)
        if fold.test:
            folds.append(fold)
    if not folds or any(not fold.train for fold in folds):
        raise InputError(
            "the clips' splits leave nothing to train on or to test",
            where=", ".join(keys),
            fix="prepare clips of both splits, of two subjects at least",
        )
    return tuple(folds)


def check_disjoint(fold: Fold, clips: Sequence[Clip]) -> None:
    """Make sure that nothing of the held-out subject is trained on, and no test clip at all.

    Raises
    ------
    InputError : a clip or a subject stands on both sides, or a clip on that of the other split.
    """
    by_id = {clip.id: clip for clip in clips}
    shared = set(fold.train) & set(fold.test)
    shared |= {id for id in fold.train if by_id[id].subject_key == fold.subject}
    shared |= {id for id in fold.test if by_id[id].subject_key != fold.subject}
    shared |= {id for id in fold.train if not by_id[id].trained}
    shared |= {id for id in fold.test if not by_id[id].tested}
    if shared:
        raise InputError(
            f"fold {fold.subject} would train on what it tests", where=", ".join(sorted(shared))
        )
