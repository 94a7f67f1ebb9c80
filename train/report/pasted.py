"""Pasted: the comparison of runs in the format that is asked for, also for a paper."""

from __future__ import annotations

import csv
import io

from raicl.common.terminal.wording import clips_of_subjects
from raicl.train.report.compare import Comparison
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
from raicl.train.report.text import comparison_text
from raicl.train.scores.integrity import integrity_lines, protocol_label
from raicl.train.scores.results import SCORE_NAMES, ScoreName

_SCORES: tuple[ScoreName, ...] = ("uf1", "uar")


def comparison_as(wanted: TableFormat, compared: Comparison) -> str:
    """What the command prints."""
    if wanted == "text":
        return comparison_text(compared)
    if wanted == "json":
        return compared.model_dump_json(indent=2)
    if wanted == "csv":
        return comparison_csv(compared).rstrip("\n")
    return in_format(comparison_pasted(compared), wanted)


def comparison_csv(compared: Comparison) -> str:
    """A line for each run, scores and differences from the first as fractions."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [f"{key}{part}" for key in SCORE_NAMES for part in ("", "_low", "_high")]
    minus = ("uf1_difference", "low", "high", "p", "holm_p")
    writer.writerow(["run", "folder", "seed", "clips", *names, *minus, "protocol"])
    for run, against in zip(compared.runs, (None, *compared.against_first), strict=True):
        cells: list[object] = [run.name, run.folder, run.seed, compared.clips]
        for key in SCORE_NAMES:
            ends = None if run.interval_95 is None else run.interval_95.of(key)
            cells += [run.score(key), *(ends or ("", ""))]
        if against is None:
            cells += [""] * len(minus)
        else:
            found = against.scores["uf1"]
            cells += [found.difference, *(found.interval_95 or ("", "")), found.p, against.holm_p]
        writer.writerow([*cells, protocol_label(run)])
    return text.getvalue()


def comparison_pasted(compared: Comparison) -> Pasted:
    """The runs as a table for a paper."""
    scored = [column for key in _SCORES for column in (SCORE_NAMES[key], "95 %")]
    rows = []
    for run, against in zip(compared.runs, (None, *compared.against_first), strict=True):
        cells = [Cell(run.name)]
        for key in _SCORES:
            ends = None if run.interval_95 is None else run.interval_95.of(key)
            cells += score_cells(run.score(key), ends, best=compared.best[key] == run.folder)
        if against is None:
            cells += no_cells(4)
        else:
            found = against.scores["uf1"]
            cells += difference_cells(found.difference, found.interval_95, found.p, against.holm_p)
        rows.append(tuple(cells))
    first = compared.runs[0].name
    return Pasted(
        caption=" ".join(_caption(compared)),
        columns=("", *scored, f"UF1 minus {first}", "95 %", "p", "Holm"),
        rows=tuple(rows),
    )


def _caption(compared: Comparison) -> list[str]:
    sentences = [
        "UF1 and UAR in % over pooled predictions of "
        f"{clips_of_subjects(compared.clips, compared.subjects)}; 95 % intervals by a bootstrap "
        "over subjects.",
        "p by swaps within subjects, Holm: corrected for the rows.",
    ]
    if compared.absent:
        sentences.append(f"{compared.absent}.")
    if any(compared.best[key] is not None for key in _SCORES):
        sentences.append(BOLD)
    lines = integrity_lines([run.name for run in compared.runs], compared.runs)
    return [*sentences, *(f"{' '.join(line.split())}." for line in lines)]
