"""Blocks: the parts of a study's table beside scores, differences and cost, as text and as CSV."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raicl.train.report.ablation import StudyRow
from raicl.train.report.blocks import RowClasses, RowStrength, shares
from raicl.train.scores.metrics import Table


def class_shares(tables: Table, classes: Sequence[str]) -> RowClasses:
    """Which class the clips of each class are given, from confusion matrices (..., L, L).

    The leading axes are seeds and subjects. All seeds test the same clips, so the pooled share is
    the mean over seeds.
    """
    seeds = int(np.prod(tables.shape[:-3]))
    pooled = tables.reshape(-1, *tables.shape[-2:]).sum(0)
    counts = pooled.sum(1)
    rows = {name: (row, int(n)) for name, row, n in zip(classes, pooled, counts, strict=True)}
    return RowClasses(
        clips={name: n // seeds for name, (_, n) in rows.items()},
        called={
            name: dict(zip(classes, (row / n).tolist(), strict=True))
            for name, (row, n) in rows.items()
            if n
        },
    )


def block_lines(rows: Sequence[StudyRow], width: int) -> list[str]:
    """The blocks that have something to show, each after an empty line.

    Parameters
    ----------
    width : of the column with the names of the rows.
    """
    return [*_class_lines(rows, width), *_strength_lines(rows, width)]


def _class_lines(rows: Sequence[StudyRow], width: int) -> list[str]:
    columns = shares([row.classes for row in rows])
    if not columns:
        return []
    lines = [
        "",
        f"{'classes, %':{width}}" + "".join(f"{c.title:>{len(c.title) + 2}}" for c in columns),
    ]
    for row in rows:
        if row.classes is not None:
            cells = ((len(column.title) + 2, column.of(row.classes)) for column in columns)
            shown = (
                f"{'–' if value is None else format(100 * value, '.1f'):>{w}}" for w, value in cells
            )
            lines.append(f"{row.row:<{width}}" + "".join(shown))
    return lines


def _strength_lines(rows: Sequence[StudyRow], width: int) -> list[str]:
    known = [(row.row, row.strength) for row in rows if row.strength is not None]
    if not known:
        return []
    lines = ["", f"{'strength, %':{width}}{'trained':>9}{'tested':>9}   {_STRENGTH}"]
    return lines + [
        f"{name:<{width}}{100 * found.trained:>9.1f}{100 * found.tested:>9.1f}"
        for name, found in known
    ]


_STRENGTH = "mean |flow| over that of the clip's strongest instance"


def csv_names(rows: Sequence[StudyRow]) -> list[str]:
    """Names of the columns of the blocks in a CSV."""
    columns = shares([row.classes for row in rows])
    return [*(f"{name}_strength" for name in RowStrength.model_fields), *(c.key for c in columns)]


def csv_cells(row: StudyRow, rows: Sequence[StudyRow]) -> list[object]:
    """The cells of a row below `csv_names`, as fractions. Empty where nothing is known."""
    strength = (
        dict.fromkeys(RowStrength.model_fields) if row.strength is None else dict(row.strength)
    )
    values = [*strength.values(), *(c.of(row.classes) for c in shares([r.classes for r in rows]))]
    return ["" if value is None else value for value in values]
