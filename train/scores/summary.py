"""Results: the scores of pooled predictions, as plain values and as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from raicl.common.terminal.wording import clips_of_subjects
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
from raicl.train.scores.results import SHUFFLED, is_control, partial
from raicl.train.scores.strata import motion_strata, strata_lines

SCORE_NAMES = dict(zip(SCORES, ("UF1", "UAR", "accuracy"), strict=True))


_WIDTH = 76  # of a score with its interval and its chance, before another column


def summarise(
    predictions: Sequence[Prediction], classes: Sequence[str], *, seed: int = 0
) -> dict[str, Any]:
    """Pooled scores with their intervals, per class and per database, and by strength of motion.

    The rows of a database are the same predictions restricted to it, without retraining. The
    order of `predictions` does not matter.

    Parameters
    ----------
    seed : of the subject bootstrap.
    """
    tables = subject_tables(predictions, classes)
    subjects = list(tables)
    stacked = np.stack(list(tables.values()))
    databases = sorted({name.split("/", 1)[0] for name in subjects})
    strata = motion_strata(predictions, classes)
    return {
        **_scores(stacked, classes, seed),
        "databases": {
            database: _scores(
                np.stack([tables[n] for n in subjects if n.split("/", 1)[0] == database]),
                classes,
                seed,
            )
            for database in databases
        },
        # of predictions from before motion was recorded the results stay what they were
        **({"strata": strata} if strata else {}),
    }


def subject_tables(predictions: Sequence[Prediction], classes: Sequence[str]) -> dict[str, Table]:
    """The confusion matrix (L, L) of every subject, in the order of their ids."""
    rows: dict[str, list[Prediction]] = {}
    for row in predictions:
        rows.setdefault(row.subject, []).append(row)
    return {name: _table(rows[name], classes) for name in sorted(rows)}


def _table(predictions: Sequence[Prediction], classes: Sequence[str]) -> Table:
    truth, predicted = [row.truth for row in predictions], [row.predicted for row in predictions]
    return confusion_matrix(truth, predicted, len(classes))


def _scores(tables: Table, classes: Sequence[str], seed: int) -> dict[str, Any]:
    pooled = tables.sum(0)
    by_class = zip(classes, f1_per_class(pooled), recall_per_class(pooled), pooled, strict=True)
    return {
        "clips": int(pooled.sum()),
        "subjects": len(tables),
        **{name: float(score(pooled)) for name, score in SCORES.items()},
        "interval_95": _intervals(tables, seed),
        "classes": {
            name: {"f1": float(f1), "recall": float(recall), "clips": int(row.sum())}
            for name, f1, recall, row in by_class
        },
        "confusion": pooled.tolist(),
    }


def _intervals(tables: Table, seed: int) -> dict[str, list[float]] | None:
    """None for one subject: a resample of it is always itself, which would look like certainty."""
    if len(tables) < 2:
        return None
    return {name: list(ends) for name, ends in subject_intervals(tables, seed=seed).items()}


def as_text(results: dict[str, Any]) -> str:
    """The table that ends a run, from the values in ``results.json``."""
    control = is_control(results)
    lines = [*([SHUFFLED] if control else []), _headline(results), ""]
    oracle = results.get("oracle")
    if oracle:
        lines.append(f"{'':<{_WIDTH}}{oracle['selection']}")
    for key, name in SCORE_NAMES.items():
        chance = f"; chance {results['chance_uar']:.4f}" if control and key == "uar" else ""
        line = f"{name:<9}{results[key]:.4f}   {_shown_interval(results, key)}{chance}"
        lines.append(f"{line:<{_WIDTH}}{oracle[key]:.4f}" if oracle else line)
    lines += ["", f"{'class':<12}{'F1':>7}{'recall':>9}{'clips':>7}"]
    for name, row in results["classes"].items():
        lines.append(f"{name:<12}{row['f1']:>7.3f}{row['recall']:>9.3f}{row['clips']:>7}")
    lines += ["", *_confusion(results)]
    if len(results["databases"]) > 1:
        lines += ["", f"{'database':<12}{'UF1':>7}{'UAR':>9}{'clips':>7}{'subjects':>10}"]
        for name, row in results["databases"].items():
            scores = f"{row['uf1']:>7.3f}{row['uar']:>9.3f}{row['clips']:>7}{row['subjects']:>10}"
            lines.append(f"{name:<12}{scores}")
    lines += strata_lines(results)
    lines += [
        "",
        *integrity_lines([""], [results]),
        f"device {results['device']}",
        *([results["split"]] if results.get("split") else []),  # absent from earlier runs
        *_annotation(results),
        *results["official_list"],
    ]
    return "\n".join(lines)


def _annotation(results: dict[str, Any]) -> list[str]:
    versions = [f"{name} {version}" for name, version in results["sheets"].items()]
    return ["annotation " + ", ".join(versions)] if versions else []


def _shown_interval(results: dict[str, Any], key: str) -> str:
    if results["interval_95"] is None:
        return "no interval from one subject"
    low, high = results["interval_95"][key]
    return f"95 % interval {low:.4f} to {high:.4f} (subjects)"


def _headline(results: dict[str, Any]) -> str:
    pooled = f"{clips_of_subjects(results['clips'], results['subjects'])}, predictions pooled"
    part = partial(results)
    return f"{part}: {pooled}" if part else pooled


def _confusion(results: dict[str, Any]) -> list[str]:
    names = list(results["classes"])
    width = max(map(len, names)) + 2
    header = "true \\ predicted".ljust(18) + "".join(name.rjust(width) for name in names)
    rows = zip(names, results["confusion"], strict=True)
    return [header, *(name.ljust(18) + "".join(f"{n:>{width}}" for n in row) for name, row in rows)]
