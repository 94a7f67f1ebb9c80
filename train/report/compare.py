"""Runs side by side: scores, paired differences from the first, tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from raicl.common.errors import InputError
from raicl.train.run.outcome import Outcome, check_labels
from raicl.train.scores.absent import absent_words
from raicl.train.scores.best import clearly_best
from raicl.train.scores.metrics import Table
from raicl.train.scores.paired import discordance, paired_differences, paired_interval
from raicl.train.scores.results import (
    SCORE_NAMES,
    Ends,
    Intervals,
    Scored,
    ScoreName,
    Terms,
)
from raicl.train.scores.summary import subject_tables
from raicl.train.scores.swaps import holm

# what may differ between runs that are the same experiment under another seed
_FREE = {"seed", "device", "instances", "threads", "deterministic"}
SEED = 0  # seed of the draws of subjects; fixed, so that the same runs always give the same table


class Difference(BaseModel):
    """A score of a run minus the first run's: see `raicl.train.scores.paired.Difference`."""

    model_config = ConfigDict(frozen=True)

    difference: float
    interval_95: Ends | None
    p: float | None
    least_p: float | None
    detectable: float | None


class Against(BaseModel):
    """A run compared with the first one.

    Attributes
    ----------
    holm_p : p of the difference in UF1 after Holm's correction over the runs that are compared.
        None for one subject.
    clips_that_differ : number of clips that the two runs give different classes.
    right_in_first_alone, right_here_alone : number of those that only one of the two gets right.
    mcnemar_p : p of McNemar's exact test.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    scores: dict[ScoreName, Difference]
    holm_p: float | None = None
    clips_that_differ: int
    right_in_first_alone: int
    right_here_alone: int
    mcnemar_p: float


class ComparedRun(Scored, Terms):
    """A run's own scores and how they were found."""

    name: str
    folder: str
    interval_95: Intervals | None


class OverSeeds(BaseModel):
    """Mean and sample standard deviation of a score over seeds."""

    model_config = ConfigDict(frozen=True)

    mean: float
    sd: float


class Comparison(BaseModel):
    """Runs over the same clips.

    Attributes
    ----------
    against_first : every other run compared with the first.
    best : folder of the run that is clearly the best by each score, see
        `raicl.train.scores.best.clearly_best`. None where there is none.
    over_seeds : mean and spread of the scores. None unless the runs differ only in the seed.
    absent : what classes without a tested clip do to the scores, in words. Empty without any.
    """

    model_config = ConfigDict(frozen=True)

    clips: int
    subjects: int
    classes: tuple[str, ...]
    runs: tuple[ComparedRun, ...]
    against_first: tuple[Against, ...]
    best: dict[ScoreName, str | None]
    over_seeds: dict[ScoreName, OverSeeds] | None
    absent: str = ""


def compare(outcomes: Sequence[Outcome]) -> Comparison:
    """Compare every run with the first.

    The scores and their intervals are those of each run's ``results.json``.

    Raises
    ------
    InputError : the runs differ in their classes or clips (the error names a clip), only one of
        them is a control, or they are controls with different seeds.
    """
    first, *others = outcomes
    for other in others:
        _check_same(first, other)
    return Comparison(
        clips=len(first.predictions),
        subjects=first.results.subjects,
        classes=first.classes,
        runs=tuple(map(_shown_run, outcomes)),
        against_first=_corrected([_against(first, other) for other in others]),
        best=_best(outcomes),
        over_seeds=_over_seeds(outcomes),
        absent=absent_words(first.results.over_tested),
    )


def _check_same(first: Outcome, other: Outcome) -> None:
    if first.results.is_control != other.results.is_control:
        control = first if first.results.is_control else other
        raise InputError(
            f"{control.name} is a control, whose labels are shuffled, and the other run is not",
            where=f"{first.folder}, {other.folder}",
            fix="compare runs of the same --control",
        )
    if first.results.is_control and first.results.seed != other.results.seed:
        raise InputError(
            f"{first.name} and {other.name} are controls of two seeds, which shuffle differently",
            where=f"{first.folder}, {other.folder}",
            fix="compare each with chance, or compare controls of one --seed",
        )
    check_labels(first, other)
    clips = [{row.clip for row in outcome.predictions} for outcome in (first, other)]
    lonely = sorted(clips[0] ^ clips[1])
    if lonely:
        one = first if lonely[0] in clips[0] else other
        raise InputError(
            f"the runs have different clips: {lonely[0]} is in {one.name} alone"
            + (f", and so are {len(lonely) - 1} more in one of the two" if lonely[1:] else ""),
            where=f"{first.folder}, {other.folder}",
            fix="finish the same folds of both (raicl-train --fold), on the same clips",
        )


def _shown_run(outcome: Outcome) -> ComparedRun:
    values = dict(outcome.results) | {"name": outcome.name, "folder": str(outcome.folder)}
    return ComparedRun(**{key: values[key] for key in ComparedRun.model_fields})


def _over_seeds(outcomes: Sequence[Outcome]) -> dict[ScoreName, OverSeeds] | None:
    """Mean and sample standard deviation by score. None unless the runs are one experiment."""
    made_of = [
        outcome.settings.model_dump(exclude=_FREE)
        | {"cache": outcome.results.cache_digest, "evaluation": outcome.results.evaluation}
        for outcome in outcomes
    ]
    seeds = {outcome.results.seed for outcome in outcomes}
    if len(seeds) < len(outcomes) or any(one != made_of[0] for one in made_of):
        return None
    found = {key: [outcome.results.score(key) for outcome in outcomes] for key in SCORE_NAMES}
    return {
        key: OverSeeds(mean=float(np.mean(values)), sd=float(np.std(values, ddof=1)))
        for key, values in found.items()
    }


def _against(first: Outcome, other: Outcome) -> Against:
    differences = paired_differences(_tables(first), _tables(other), seed=SEED)
    found = discordance(_predicted(first), _predicted(other), _truth(first))
    return Against(
        name=other.name,
        scores={
            name: Difference(
                difference=differences[name].value,
                interval_95=differences[name].interval,
                p=differences[name].p,
                least_p=differences[name].least_p,
                detectable=differences[name].detectable,
            )
            for name in SCORE_NAMES
        },
        clips_that_differ=found.differ,
        right_in_first_alone=found.first_only,
        right_here_alone=found.second_only,
        mcnemar_p=found.p,
    )


def _corrected(rows: Sequence[Against]) -> tuple[Against, ...]:
    found = holm([row.scores["uf1"].p for row in rows])
    return tuple(row.model_copy(update={"holm_p": p}) for row, p in zip(rows, found, strict=True))


def _best(outcomes: Sequence[Outcome]) -> dict[ScoreName, str | None]:
    tables = {str(outcome.folder): _tables(outcome) for outcome in outcomes}
    found: dict[ScoreName, str | None] = {}
    for key in SCORE_NAMES:
        scores = {str(outcome.folder): outcome.results.score(key) for outcome in outcomes}
        found[key] = clearly_best(
            scores,
            partial(_interval, tables, key),
        )
    return found


def _interval(
    tables: Mapping[str, Table], key: ScoreName, one: str, other: str
) -> tuple[float, float] | None:
    return paired_interval(tables[one], tables[other], key, seed=SEED)


def _tables(outcome: Outcome) -> Table:
    return np.stack(list(subject_tables(outcome.predictions, outcome.classes).values()))


def _predicted(outcome: Outcome) -> NDArray[np.int64]:
    return np.array([row.predicted for row in outcome.predictions], np.int64)


def _truth(outcome: Outcome) -> NDArray[np.int64]:
    return np.array([row.truth for row in outcome.predictions], np.int64)
