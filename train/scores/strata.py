"""Strata: scores by quartile of the tested motion, which compare weak with strong motion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from raicl.train.scores.metrics import SCORES, confusion_matrix
from raicl.train.scores.predictions import Prediction
from raicl.train.scores.results import Stratum

STRATA = ("weakest", "weak", "strong", "strongest")


def motion_strata(predictions: Sequence[Prediction], classes: Sequence[str]) -> dict[str, Stratum]:
    """Scores by quartile of `Prediction.motion_px`, weakest first.

    The borders are the quartiles over all tested clips. They use no label. A clip on a border
    belongs to the weaker side. Clips of equal motion stay together, so strata may differ in size.
    A class without clips counts as 0 in a stratum's UF1 and UAR, so the stratum lists its classes.
    Where nobody knows the unit of a motion, there are no strata.
    """
    motion = _motions(predictions)
    if len(motion) < len(predictions):
        return {}
    borders = np.quantile(motion, [0.25, 0.5, 0.75])
    numbers = np.searchsorted(borders, motion, side="left")
    return {
        name: _stratum(
            [row for row, n in zip(predictions, numbers, strict=True) if n == k], classes
        )
        for k, name in enumerate(STRATA)
    }


def _stratum(rows: Sequence[Prediction], classes: Sequence[str]) -> Stratum:
    truth, predicted = [row.truth for row in rows], [row.predicted for row in rows]
    table = confusion_matrix(truth, predicted, len(classes))
    motion = _motions(rows)
    scores = {name: float(score(table)) if rows else None for name, score in SCORES.items()}
    return Stratum(
        motion_px=(min(motion), max(motion)) if rows else None,
        clips=len(rows),
        classes=dict(zip(classes, table.sum(1).tolist(), strict=True)),
        **scores,
    )


def _motions(rows: Sequence[Prediction]) -> list[float]:
    return [row.motion_px for row in rows if row.motion_px is not None]


def strata_lines(strata: Mapping[str, Stratum]) -> list[str]:
    """The strata as lines of text, except those without clips."""
    if not strata:
        return []
    lines = [
        "",
        f"{'motion':<12}{'UF1':>7}{'UAR':>9}{'accuracy':>10}{'clips':>7}   mean |flow|, px",
    ]
    for name, row in strata.items():
        if row.motion_px is not None:
            scores = f"{row.uf1:>7.3f}{row.uar:>9.3f}{row.accuracy:>10.3f}{row.clips:>7}"
            lines.append(f"{name:<12}{scores}   {row.motion_px[0]:.3f} to {row.motion_px[1]:.3f}")
    return lines
