"""Folds: which subject or database is held out, and which clips are trained on for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from raicl.common.clip import Clip
from raicl.common.errors import InputError, PartialError, UsageError
from raicl.common.names import name_problem
from raicl.common.order import natural_key
from raicl.train.clips.composite import Composite
from raicl.train.settings import TrainSettings

HeldOut = Literal["subject", "database"]


class FoldError(PartialError):
    """One fold cannot be finished. The others continue."""


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One held-out subject, or held-out databases.

    Attributes
    ----------
    index : row in the natural order of all subjects or databases, including those without a fold.
        The fold's seed is the run's seed plus this.
    name : what is held out, ``dataset/subject`` or ``dataset+dataset``. Also names its folder.
    train, test : clip ids, disjoint.
    by : whether subjects or databases are kept on one side.
    """

    index: int
    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    by: HeldOut = "subject"

    @property
    def held_out(self) -> set[str]:
        """Keys of what is held out, see `held_out_key`."""
        return {self.name} if self.by == "subject" else set(self.name.split("+"))


def held_out_key(clip: Clip, by: HeldOut) -> str:
    """Key of a clip's subject or database, which is never on both sides of a fold."""
    return clip.subject_key if by == "subject" else clip.dataset


def leave_one_subject_out(clips: Sequence[Clip]) -> tuple[Fold, ...]:
    """One fold per ``dataset/subject``, in natural order, whatever the order of `clips`.

    Clips of the split ``test`` are never trained on, and clips of the split ``train`` are never
    tested. A subject without a clip to test has no fold.

    Raises
    ------
    InputError : there are fewer than two subjects, there is nothing to train on or to test, a clip
        id occurs twice, or a name cannot be a folder's.
    """
    return _leave_one_out(clips, "subject")


def leave_one_database_out(clips: Sequence[Clip]) -> tuple[Fold, ...]:
    """One fold per database in the order of their keys, else like `leave_one_subject_out`."""
    return _leave_one_out(clips, "database")


def across_databases(clips: Sequence[Clip], tested: Collection[str]) -> Fold:
    """The fold that tests the databases with the keys `tested` and trains on all others.

    Raises
    ------
    InputError : see `leave_one_subject_out`.
    """
    ordered = _ordered(clips)
    fold = Fold(
        index=0,
        name="+".join(sorted(tested)),
        train=tuple(c.id for c in ordered if c.dataset not in tested and c.trained),
        test=tuple(c.id for c in ordered if c.dataset in tested and c.tested),
        by="database",
    )
    check_disjoint(fold, ordered)
    _check_sides([fold], sorted({clip.dataset for clip in clips}))
    return fold


def every_clip(composite: Composite) -> Fold:
    """The fold of a model for use: it trains on every clip, and tests none.

    Clips that are only tested stay out. Its index is 0, so its seed is that of the settings [ours].

    Raises
    ------
    InputError : a clip id occurs twice, or a name cannot be a folder's.
    """
    trained = [clip.id for clip in _ordered(composite.clips) if composite.trains(clip)]
    return Fold(index=0, name="all", train=tuple(trained), test=())


def _leave_one_out(clips: Sequence[Clip], by: HeldOut) -> tuple[Fold, ...]:
    ordered = _ordered(clips)
    keys = list(dict.fromkeys(held_out_key(clip, by) for clip in ordered))
    if len(keys) < 2:
        raise InputError(
            f"leave-one-{by}-out needs two {by}s, found {len(keys)}",
            where=", ".join(keys),
            fix=f"prepare the clips of more {by}s, or add another cache",
        )
    folds = []
    for index, key in enumerate(keys):
        fold = Fold(
            index=index,
            name=key,
            train=tuple(c.id for c in ordered if held_out_key(c, by) != key and c.trained),
            test=tuple(c.id for c in ordered if held_out_key(c, by) == key and c.tested),
            by=by,
        )
        check_disjoint(fold, ordered)
        if fold.test:
            folds.append(fold)
    _check_sides(folds, keys)
    return tuple(folds)


def _ordered(clips: Sequence[Clip]) -> list[Clip]:
    """The clips in natural order, after checking that ids are unique and names fit folders."""
    ordered = sorted(
        clips, key=lambda clip: (clip.dataset, natural_key(clip.subject), natural_key(clip.id))
    )
    most, times = Counter(clip.id for clip in clips).most_common(1)[0] if clips else ("", 0)
    if times > 1:
        raise InputError(f"clip {most} is there twice", fix="give each database once")
    for clip in ordered:
        problem = name_problem(clip.dataset) or name_problem(clip.subject)
        if problem:
            raise InputError(
                f"{clip.subject_key!r} has {problem}",
                where=clip.id,
                fix="rename the subject's folder in the database, and prepare it again",
            )
    return ordered


def _check_sides(folds: Sequence[Fold], keys: Sequence[str]) -> None:
    if not folds or any(not fold.train or not fold.test for fold in folds):
        raise InputError(
            "the clips' splits leave nothing to train on or to test",
            where=", ".join(keys),
            fix="prepare clips of both splits, from at least two subjects",
        )


def check_disjoint(fold: Fold, clips: Sequence[Clip]) -> None:
    """Check that nothing held out is trained on, and that every clip is on a side of its split.

    Raises
    ------
    InputError : a clip, a held-out subject or a held-out database is on both sides, or a clip is
        on a side that its split rules out.
    """
    by_id, held_out = {clip.id: clip for clip in clips}, fold.held_out
    shared = set(fold.train) & set(fold.test)
    shared |= {id for id in fold.train if held_out_key(by_id[id], fold.by) in held_out}
    shared |= {id for id in fold.test if held_out_key(by_id[id], fold.by) not in held_out}
    shared |= {id for id in fold.train if not by_id[id].trained}
    shared |= {id for id in fold.test if not by_id[id].tested}
    if shared:
        raise InputError(
            f"fold {fold.name} would train on what it tests", where=", ".join(sorted(shared))
        )


WITHIN = "leave-one-subject-out"


def make_folds(composite: Composite, settings: TrainSettings) -> tuple[Fold, ...]:
    """All folds of a run.

    Raises
    ------
    UsageError : ``--test`` and ``--leave database`` are combined.
    InputError : see `leave_one_subject_out`.
    """
    if composite.tested:
        if settings.leave != "subject":
            raise UsageError(
                f"--test names what is tested, --leave {settings.leave} leaves out each in turn",
                fix="give one of them",
            )
        return (across_databases(composite.clips, composite.tested),)
    if settings.leave == "database":
        return leave_one_database_out(composite.clips)
    return leave_one_subject_out(composite.clips)


def describe_evaluation(composite: Composite, settings: TrainSettings) -> str:
    """How the run is evaluated, in the words that every result states."""
    if composite.tested:
        trained = sorted(set(composite.datasets) - composite.tested)
        return (
            f"tested across databases: trained on {', '.join(trained)}, "
            f"tested on {', '.join(sorted(composite.tested))}"
        )
    if settings.leave == "database":
        return "tested across databases: trained on all but one, tested on that one, each in turn"
    return WITHIN
