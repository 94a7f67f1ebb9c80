"""Summary: the scores of pooled predictions, and the table printed at the end of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raicl.common.terminal.wording import clips_of_subjects
from raicl.train.scores.absent import describe_absent
from raicl.train.scores.calibration import reliability_lines
from raicl.train.scores.integrity import integrity_lines
from raicl.train.scores.metrics import (
    SCORES,
    Table,
    confusion_matrix,
    f1_per_class,
    recall_per_class,
    subject_intervals,
)
from raicl.train.scores.predictions import Prediction
from raicl.train.scores.results import (
    SCORE_NAMES,
    SHUFFLED,
    ClassScore,
    Intervals,
    PooledScores,
    Results,
    ScoreName,
    Scores,
)
from raicl.train.scores.strata import motion_strata, strata_lines

_WIDTH = 76  # width of a score with its interval and chance, before the next column


def summarise(
    predictions: Sequence[Prediction], classes: Sequence[str], *, seed: int = 0
) -> PooledScores:
    """Pooled scores with their intervals, per class and per database, and by strength of motion.

    The scores of a database use its part of the same predictions, without retraining. The order of
    `predictions` does not matter.

    Parameters
    ----------
    seed : seed of the subject bootstrap.
    """
    tables = subject_tables(predictions, classes)
    databases: dict[str, list[Table]] = {}
    for subject, table in tables.items():
        databases.setdefault(subject.split("/", 1)[0], []).append(table)
    pooled = _scores(np.stack(list(tables.values())), classes, seed)
    return PooledScores(
        **dict(pooled),
        databases={
            name: _scores(np.stack(databases[name]), classes, seed) for name in sorted(databases)
        },
        strata=motion_strata(predictions, classes),
    )


def subject_tables(predictions: Sequence[Prediction], classes: Sequence[str]) -> dict[str, Table]:
    """The confusion matrix (L, L) of every subject, in the order of their ids."""
    rows: dict[str, list[Prediction]] = {}
    for row in predictions:
        rows.setdefault(row.subject, []).append(row)
    return {name: _table(rows[name], classes) for name in sorted(rows)}


def _table(predictions: Sequence[Prediction], classes: Sequence[str]) -> Table:
    truth, predicted = [row.truth for row in predictions], [row.predicted for row in predictions]
    return confusion_matrix(truth, predicted, len(classes))


def _scores(tables: Table, classes: Sequence[str], seed: int) -> Scores:
    """Scores of confusion matrices (subjects, L, L), pooled over the subjects."""
    pooled = tables.sum(0)
    by_class = zip(classes, f1_per_class(pooled), recall_per_class(pooled), pooled, strict=True)
    return Scores(
        clips=int(pooled.sum()),
        subjects=len(tables),
        interval_95=_intervals(tables, seed),
        classes={
            name: ClassScore(f1=float(f1), recall=float(recall), clips=int(row.sum()))
            for name, f1, recall, row in by_class
        },
        confusion=tuple(map(tuple, pooled.tolist())),
        **{name: float(score(pooled)) for name, score in SCORES.items()},
    )


def _intervals(tables: Table, seed: int) -> Intervals | None:
    """None for one subject: its resamples are all the same, which would look like certainty."""
    return Intervals(**subject_intervals(tables, seed=seed)) if len(tables) > 1 else None


def results_text(results: Results) -> str:
    """The table printed at the end of a run."""
    lines = [*([SHUFFLED] if results.is_control else []), _headline(results), ""]
    oracle = results.oracle
    if oracle is not None:
        lines.append(f"{'':<{_WIDTH}}{oracle.selection}")
    for key, name in SCORE_NAMES.items():
        line = f"{name:<9}{results.score(key):.4f}   {_shown_interval(results, key)}"
        if key == "uar" and results.chance_uar is not None:
            line += f"; chance {results.chance_uar:.4f}"
        lines.append(line if oracle is None else f"{line:<{_WIDTH}}{oracle.score(key):.4f}")
    if results.over_tested is not None:
        lines += ["", describe_absent(results.over_tested)]
    lines += ["", *_classes(results), "", *_confusion(results), *_databases(results)]
    lines += strata_lines(results.strata)
    lines += reliability_lines(results.reliability, results.uncalibrated)
    lines += [
        "",
        *integrity_lines([""], [results]),
        *([results.split] if results.split else []),
        *_annotation(results),
        *(f"excluded in vain: {line}" for line in results.idle_exclusions),
        *results.official_list,
    ]
    return "\n".join(lines)


def _classes(results: Results) -> list[str]:
    header = f"{'class':<12}{'F1':>7}{'recall':>9}{'clips':>7}"
    rows = results.classes.items()
    return [header, *(f"{n:<12}{row.f1:>7.3f}{row.recall:>9.3f}{row.clips:>7}" for n, row in rows)]


def _databases(results: Results) -> list[str]:
    """The scores of each database, if there are several."""
    if len(results.databases) < 2:
        return []
    lines = ["", f"{'database':<12}{'UF1':>7}{'UAR':>9}{'clips':>7}{'subjects':>10}"]
    for name, row in results.databases.items():
        lines.append(f"{name:<12}{row.uf1:>7.3f}{row.uar:>9.3f}{row.clips:>7}{row.subjects:>10}")
    absent = ((name, describe_absent(row.over_tested)) for name, row in results.databases.items())
    return lines + [f"{name}: {words}" for name, words in absent if words]


def _annotation(results: Results) -> list[str]:
    sheets = [f"{name} {sheet}" for name, sheet in results.sheets.items()]
    return ["annotation " + ", ".join(sheets)] if sheets else []


def _shown_interval(results: Results, key: ScoreName) -> str:
    if results.interval_95 is None:
        return "no interval from one subject"
    low, high = results.interval_95.of(key)
    return f"95 % interval {low:.4f} to {high:.4f} (subjects)"


def _headline(results: Results) -> str:
    pooled = f"{clips_of_subjects(results.clips, results.subjects)}, predictions pooled"
    return f"{results.partial}: {pooled}" if results.partial else pooled


def _confusion(results: Results) -> list[str]:
    names = list(results.classes)
    width = max(map(len, names)) + 2
    header = "true \\ predicted".ljust(18) + "".join(name.rjust(width) for name in names)
    rows = zip(names, results.confusion, strict=True)
    return [header, *(name.ljust(18) + "".join(f"{n:>{width}}" for n in row) for name, row in rows)]
