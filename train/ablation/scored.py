"""Scored: what the seeds of a row have tested, and their scores beside those of other rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from raicl.train.report.ablation import MeanOverSeeds, PairedScores
from raicl.train.report.compare import SEED
from raicl.train.run.outcome import Outcome
from raicl.train.scores.best import clearly_best
from raicl.train.scores.metrics import Table, percentile_interval
from raicl.train.scores.paired import mean_score, paired_differences, paired_interval
from raicl.train.scores.results import SCORE_NAMES, ScoreName
from raicl.train.scores.summary import subject_tables

Runs = Mapping[int, Outcome]  # by seed


def tables_of(runs: Runs, clips: set[str]) -> Table:
    """Confusion matrices of these clips, (seeds, subjects, L, L)."""
    return np.stack(
        [
            np.stack(
                list(
                    subject_tables(
                        [row for row in outcome.predictions if row.clip in clips], outcome.classes
                    ).values()
                )
            )
            for outcome in runs.values()
        ]
    )


def clips_of(runs: Runs) -> set[str]:
    """The clips that every seed has tested. Seeds can differ, because a study can stop anywhere."""
    tested = [{row.clip for row in outcome.predictions} for outcome in runs.values()]
    return set.intersection(*tested) if tested else set()


def score_of(tables: Table, key: str) -> MeanOverSeeds:
    """A score over seeds, from confusion matrices (seeds, subjects, L, L)."""
    score = mean_score(tables, key, seed=SEED)
    several = tables.shape[1] > 1
    return MeanOverSeeds(
        mean=score.value,
        sd=score.sd,
        by_seed=score.values,
        interval_95=percentile_interval(score.resampled) if several else None,
    )


def difference_of(first: Runs, second: Runs) -> PairedScores | None:
    """Differences paired over the clips that both tested. None if there are none."""
    clips = clips_of(first) & clips_of(second)
    if not clips:
        return None
    differences = paired_differences(tables_of(first, clips), tables_of(second, clips), seed=SEED)
    return PairedScores(clips=len(clips), **differences)


def best_of(runs: Mapping[str, Runs]) -> dict[ScoreName, str]:
    """The row that is clearly the best by each score, over the clips that both rows tested.

    Parameters
    ----------
    runs : of the rows on the true labels.
    """
    done = {name: found for name, found in runs.items() if clips_of(found)}

    def interval_of(one: str, other: str, key: ScoreName) -> tuple[float, float] | None:
        clips = clips_of(done[one]) & clips_of(done[other])
        if not clips:
            return None
        first, second = (tables_of(done[row], clips) for row in (one, other))
        return paired_interval(first, second, key, seed=SEED)

    best = {
        key: clearly_best(
            {name: mean_score(tables_of(found, clips_of(found)), key, seed=SEED).value
             for name, found in done.items()},
            partial(interval_of, key=key),
        )
        for key in SCORE_NAMES
    }  # fmt: skip
    return {key: name for key, name in best.items() if name is not None}
