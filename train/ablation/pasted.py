"""Pasted: the table of a study in the format that is asked for, also for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raicl.common.terminal.wording import counted
from raicl.train.ablation.text import table_csv, table_text
from raicl.train.report.ablation import MeanOverSeeds, StudyRow, StudyTable
from raicl.train.report.formats import TableFormat
from raicl.train.report.pasting import (
    BOLD,
    Cell,
    Pasted,
    difference_cells,
    in_format,
    no_cells,
    score_cells,
)
from raicl.train.scores.results import SCORE_NAMES, ScoreName

_SCORES: tuple[ScoreName, ...] = ("uf1", "uar")


def table_as(wanted: TableFormat, table: StudyTable, folder: Path) -> str:
    """What the command prints of a study in `folder`."""
    if wanted == "text":
        return f"{table_text(table)}\nstudy {folder}"
    if wanted == "json":
        return table.model_dump_json(indent=2)
    if wanted == "csv":
        return table_csv(table).rstrip("\n")
    return in_format(study_pasted(table), wanted)


def study_pasted(table: StudyTable) -> Pasted:
    """Scores, differences from the reference and parameters of the rows.

    A row without results has dashes. Nothing is left out: a table with holes shows them.
    """
    names = [SCORE_NAMES[key] for key in _SCORES]
    against = f"UF1 minus {table.reference}"
    columns = ["", *(column for name in names for column in (name, "95 %"))]
    return Pasted(
        caption=" ".join(_caption(table)),
        columns=(*columns, against, "95 %", "p", "Holm", "parameters"),
        rows=tuple(_row(row, table) for row in table.rows),
    )


def _caption(table: StudyTable) -> list[str]:
    facts = {name: ", ".join(values) for name, values in table.integrity.items()}
    clips = sorted({row.clips for row in table.rows if row.scores is not None})
    several = len(facts["seeds"].split(", ")) > 1
    spread = ", mean ± standard deviation over seeds" if several else ""
    sentences = [
        f"UF1 and UAR in % over pooled predictions{spread}; 95 % intervals by a bootstrap over "
        "subjects.",
        f"Protocol {facts['protocol']}; folds {facts['folds']}; seeds {facts['seeds']}; clips "
        f"{_range(clips)}; {facts['selection']}.",
        "p by swaps within subjects, Holm: corrected for the rows.",
    ]
    if "classes" in facts:
        sentences.append(f"{facts['classes']}.")
    if table.best:
        sentences.append(BOLD)
    if table.units.done < table.units.all:
        missing = counted(table.units.all - table.units.done, "run")
        sentences.append(f"Unfinished: {missing} of {table.units.all} without results.")
    if "flow" in facts:
        sentences.append(f"Flow: {facts['flow']}.")
    return [*sentences, f"Cache {', '.join(d[:12] for d in table.integrity['cache'])}."]


def _range(numbers: Sequence[int]) -> str:
    if not numbers:
        return "none"
    low, high = numbers[0], numbers[-1]
    return str(low) if low == high else f"{low} to {high}"


def _row(row: StudyRow, table: StudyTable) -> tuple[Cell, ...]:
    cells = [Cell(row.row)]
    for key in _SCORES:
        score: MeanOverSeeds | None = None if row.scores is None else getattr(row.scores, key)
        if score is None:
            cells += no_cells(2)
        else:
            best = table.best.get(key) == row.row
            cells += score_cells(score.mean, score.interval_95, sd=score.sd, best=best)
    found = None if row.against_reference is None else row.against_reference.uf1
    if found is None:
        cells += no_cells(4)
    else:
        cells += difference_cells(found.value, found.interval, found.p, row.holm_p)
    return (*cells, Cell("–" if row.cost is None else f"{row.cost.tested:,}"))
