"""Strata: whether weak motion is recognised as well as strong, by quartile of the tested motion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from raicl.train.scores.metrics import SCORES, confusion_matrix
from raicl.train.scores.predictions import Prediction

STRATA = ("weakest", "weak", "strong", "strongest")


def motion_strata(
    predictions: Sequence[Prediction], classes: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Scores by quartile of `Prediction.motion_px`, weakest first; empty where one is not known.

    The borders are the quartiles over all tested clips; no label is looked at. A clip on a border
    belongs to the weaker side, and equal clips are never parted, so that strata may differ in size.
    A class without clips in a stratum counts 0 in its UF1 and UAR, hence the clips of each class.

    Returns
    -------
    Per stratum ``motion_px`` (lowest and highest in it), ``clips``, every score of `SCORES` and
    ``classes``, clips by class; of one without clips the first and the scores are None.
    """
    motion = [row.motion_px for row in predictions if row.motion_px is not None]
    if len(motion) < len(predictions):
        return {}
    borders = np.quantile(motion, [0.25, 0.5, 0.75])
    strata = np.searchsorted(borders, motion, side="left")
    found = {}
    for number, name in enumerate(STRATA):
        rows = [row for row, own in zip(predictions, strata, strict=True) if own == number]
        table = confusion_matrix(
            [row.truth for row in rows], [row.predicted for row in rows], len(classes)
        )
        inside = [value for value, own in zip(motion, strata, strict=True) if own == number]
        found[name] = {
            "motion_px": [min(inside), max(inside)] if rows else None,
            "clips": len(rows),
            **{key: float(score(table)) if rows else None for key, score in SCORES.items()},
            "classes": dict(zip(classes, table.sum(1).tolist(), strict=True)),
        }
    return found


def strata_lines(results: dict[str, Any]) -> list[str]:
    """The strata of ``results.json`` as lines of text; none where there are none."""
    strata = results.get("strata")  # absent from earlier runs
    if not strata:
        return []
    lines = [
        "",
        f"{'motion':<12}{'UF1':>7}{'UAR':>9}{'accuracy':>10}{'clips':>7}   mean |flow|, px",
    ]
    for name, row in strata.items():
        if not row["clips"]:
            continue  # equal motions are never parted
        low, high = row["motion_px"]
        scores = f"{row['uf1']:>7.3f}{row['uar']:>9.3f}{row['accuracy']:>10.3f}{row['clips']:>7}"
        lines.append(f"{name:<12}{scores}   {low:.3f} to {high:.3f}")
    return lines
