"""Runs side by side: scores, paired differences from the first, tests; as values and as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.common.terminal.wording import clips_of_subjects, counted
from raicl.train.run.outcome import Outcome, check_labels
from raicl.train.scores.integrity import KEYS, LATER, integrity_lines
from raicl.train.scores.metrics import Table
from raicl.train.scores.paired import discordance, paired_differences
from raicl.train.scores.results import evaluation, is_control, partial
from raicl.train.scores.summary import SCORE_NAMES, subject_tables

# what may differ between runs that are the same experiment under another seed
_FREE = {"seed", "device", "instances", "threads", "deterministic"}
SEED = 0  # of the draws of subjects; fixed, so that the same runs always give the same table


def compare(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Compare every run with the first.

    The scores and their intervals are those of each run's ``results.json``. Where the runs differ
    in the seed alone, ``over_seeds`` holds the mean and the standard deviation of every score.

    Raises
    ------
    InputError : the runs are not of the same classes and clips (a clip is named), or one is a
        control.
    """
    first, *others = outcomes
    for other in others:
        _check_same(first, other)
    return {
        "clips": len(first.predictions),
        "subjects": first.results["subjects"],
        "classes": list(first.classes),
        "runs": [_scores(outcome) for outcome in outcomes],
        "against_first": [_against(first, other) for other in others],
        "over_seeds": _over_seeds(outcomes),
    }


def _check_same(first: Outcome, other: Outcome) -> None:
    if is_control(first.results) != is_control(other.results):
        control = first if is_control(first.results) else other
        raise InputError(
            f"{control.name} is a control, whose labels are shuffled, and the other run is not",
            where=f"{first.folder}, {other.folder}",
            fix="compare runs of the same --control",
        )
    if is_control(first.results) and first.results["seed"] != other.results["seed"]:
        raise InputError(
            f"{first.name} and {other.name} are controls of two seeds, and each shuffles otherwise",
            where=f"{first.folder}, {other.folder}",
            fix="look at each beside chance, or compare controls of one --seed",
        )
    check_labels(first, other)
    clips = [{row.clip for row in outcome.predictions} for outcome in (first, other)]
    lonely = sorted(clips[0] ^ clips[1])
    if lonely:
        one = first if lonely[0] in clips[0] else other
        raise InputError(
            f"the runs have other clips: {lonely[0]} is in {one.name} alone"
            + (f", and so are {len(lonely) - 1} more in one of the two" if lonely[1:] else ""),
            where=f"{first.folder}, {other.folder}",
            fix="finish the same folds of both (raicl-train --fold), on the same clips",
        )


def _scores(outcome: Outcome) -> dict[str, Any]:
    keys = (*SCORE_NAMES, "interval_95", *KEYS)
    shown = {key: outcome.results[key] for key in keys}
    shown |= {key: outcome.results[key] for key in LATER if key in outcome.results}
    return {"name": outcome.name, "folder": str(outcome.folder), **shown}


def _over_seeds(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]] | None:
    """Mean and sample standard deviation by score, of runs that are one experiment; else None."""
    made_of = [
        {name: value for name, value in outcome.settings.items() if name not in _FREE}
        | {"cache": outcome.results["cache_digest"], "evaluation": evaluation(outcome.results)}
        for outcome in outcomes
    ]
    seeds = {outcome.results["seed"] for outcome in outcomes}
    if len(seeds) < len(outcomes) or any(one != made_of[0] for one in made_of):
        return None
    found = {key: [outcome.results[key] for outcome in outcomes] for key in SCORE_NAMES}
    return {
        key: {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1))}
        for key, values in found.items()
    }


def _against(first: Outcome, other: Outcome) -> dict[str, Any]:
    differences = paired_differences(_tables(first), _tables(other), seed=SEED)
    found = discordance(_predicted(first), _predicted(other), _truth(first))
    return {
        "name": other.name,
        "scores": {
            name: {
                "difference": difference.value,
                "interval_95": None if difference.interval is None else list(difference.interval),
                "p": difference.p,
            }
            for name, difference in differences.items()
        },
        "clips_that_differ": found.differ,
        "right_in_first_alone": found.first_only,
        "right_here_alone": found.second_only,
        "mcnemar_p": found.p,
    }


def _tables(outcome: Outcome) -> Table:
    return np.stack(list(subject_tables(outcome.predictions, outcome.classes).values()))


def _predicted(outcome: Outcome) -> NDArray[np.int64]:
    return np.array([row.predicted for row in outcome.predictions], np.int64)


def _truth(outcome: Outcome) -> NDArray[np.int64]:
    return np.array([row.truth for row in outcome.predictions], np.int64)


def as_text(compared: dict[str, Any]) -> str:
    """The values of `compare` as the table that the command prints."""
    width = max(len(row["name"]) for row in compared["runs"])
    lines = [
        f"{clips_of_subjects(compared['clips'], compared['subjects'])}, predictions pooled",
        "",
    ]
    for key, score in SCORE_NAMES.items():
        for row in compared["runs"]:
            interval = _shown(row["interval_95"] and row["interval_95"][key])
            lines.append(f"{score:<9}{row['name']:<{width}}  {row[key]:.4f}   {interval}")
    for row in compared["against_first"]:
        lines += ["", f"{row['name']} minus {compared['runs'][0]['name']}"]
        for key, score in SCORE_NAMES.items():
            found = row["scores"][key]
            p = "" if found["p"] is None else f", p {found['p']:.4f}"
            lines.append(
                f"{score:<9}{found['difference']:+.4f}   {_shown(found['interval_95'], '+')}{p}"
            )
        lines.append(
            f"{counted(row['clips_that_differ'], 'clip')} given another class; right in "
            f"{compared['runs'][0]['name']} alone {row['right_in_first_alone']}, in {row['name']} "
            f"alone {row['right_here_alone']}; McNemar's exact p {row['mcnemar_p']:.4f}"
        )
    if compared["over_seeds"] is not None:
        lines += ["", f"over {len(compared['runs'])} seeds, mean and standard deviation"]
        for key, score in SCORE_NAMES.items():
            found = compared["over_seeds"][key]
            lines.append(f"{score:<9}{found['mean']:.4f} ± {found['sd']:.4f}")
    names = [row["name"] for row in compared["runs"]]
    lines += ["", *integrity_lines(names, compared["runs"])]
    return "\n".join([*lines, "", *_notes(compared)])


def _notes(compared: dict[str, Any]) -> list[str]:
    notes = ["intervals and p by a bootstrap over subjects, paired; p is two-sided, not corrected"]
    parts = [text for row in compared["runs"] if (text := partial(row))]
    return notes + parts[:1]


def _shown(interval: Sequence[float] | None, sign: str = "") -> str:
    if interval is None:
        return "no interval from one subject"
    low, high = interval
    return f"95 % interval {low:{sign}.4f} to {high:{sign}.4f}"
