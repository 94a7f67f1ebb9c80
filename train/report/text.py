"""Text: the comparison of runs for a terminal, a spreadsheet and a paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from raicl.common.terminal.wording import clips_of_subjects, counted
from raicl.train.report.compare import Comparison, Difference
from raicl.train.report.pasting import BOLD, Cell, Pasted, percent, percents
from raicl.train.scores.integrity import integrity_lines
from raicl.train.scores.paired import LEVEL
from raicl.train.scores.results import SCORE_NAMES, ScoreName
from raicl.train.scores.swaps import shown_p

_EXPLAINED = (
    "intervals by a bootstrap over subjects; p by swapping the two runs within subjects, two-sided",
    "and not corrected; finds: a smaller true difference has p < .05 in less than 80 % of",
    "comparisons with so many subjects and such a spread",
)


def comparison_text(compared: Comparison) -> str:
    """The table that the command prints."""
    first, names = compared.runs[0].name, [run.name for run in compared.runs]
    width = max(map(len, names))
    lines = [f"{clips_of_subjects(compared.clips, compared.subjects)}, predictions pooled", ""]
    for key, score in SCORE_NAMES.items():
        for run in compared.runs:
            interval = _shown(None if run.interval_95 is None else run.interval_95.of(key))
            lines.append(f"{score:<9}{run.name:<{width}}  {run.score(key):.4f}   {interval}")
    for row in compared.against_first:
        lines += ["", f"{row.name} minus {first}", *map(_difference, row.scores.items())]
        if row.holm_p is not None and len(compared.against_first) > 1:
            lines.append(f"Holm's p of UF1, over {len(compared.against_first)} differences: "
                         f"{shown_p(row.holm_p)}")  # fmt: skip
        lines.append(
            f"{counted(row.clips_that_differ, 'clip')} given another class; right in "
            f"{first} alone {row.right_in_first_alone}, in {row.name} "
            f"alone {row.right_here_alone}; McNemar's exact p {row.mcnemar_p:.4f}"
        )
    if compared.over_seeds is not None:
        lines += ["", f"over {len(names)} seeds, mean and standard deviation"]
        for key, found in compared.over_seeds.items():
            lines.append(f"{SCORE_NAMES[key]:<9}{found.mean:.4f} ± {found.sd:.4f}")
    lines += ["", *integrity_lines(names, compared.runs), ""]
    return "\n".join([*lines, *_notes(compared)])


def comparison_csv(compared: Comparison) -> str:
    """A line for each run, scores and differences from the first as fractions."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [f"{key}{part}" for key in SCORE_NAMES for part in ("", "_low", "_high")]
    minus = ("uf1_difference", "low", "high", "p", "holm_p")
    writer.writerow(["run", "folder", "seed", "clips", *names, *minus])
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
        writer.writerow(cells)
    return text.getvalue()


def comparison_pasted(compared: Comparison) -> Pasted:
    """The runs as a table for a paper."""
    keys: tuple[ScoreName, ...] = ("uf1", "uar")
    scored = [column for key in keys for column in (SCORE_NAMES[key], "95 %")]
    rows = []
    for run, against in zip(compared.runs, (None, *compared.against_first), strict=True):
        cells = [Cell(run.name)]
        for key in keys:
            ends = None if run.interval_95 is None else run.interval_95.of(key)
            cells += [
                Cell(percent(run.score(key)), compared.best[key] == run.folder),
                Cell(percents(ends)),
            ]
        if against is None:
            cells += [Cell("–")] * 4
        else:
            found = against.scores["uf1"]
            ps = ("–" if p is None else shown_p(p) for p in (found.p, against.holm_p))
            cells += [
                Cell(percent(found.difference, sign="+")),
                Cell(percents(found.interval_95, sign="+")),
                *map(Cell, ps),
            ]
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
    if any(compared.best[key] is not None for key in ("uf1", "uar")):
        sentences.append(BOLD)
    lines = integrity_lines([run.name for run in compared.runs], compared.runs)
    return [*sentences, *(f"{' '.join(line.split())}." for line in lines)]


def _difference(row: tuple[ScoreName, Difference]) -> str:
    key, found = row
    shown = f"{SCORE_NAMES[key]:<9}{found.difference:+.4f}   {_shown(found.interval_95, '+')}"
    if found.p is None:
        return shown
    finds = "–" if found.detectable is None else f"{found.detectable:.4f}"
    return f"{shown}, p {shown_p(found.p)}, finds {finds}"


def _notes(compared: Comparison) -> list[str]:
    notes = list(_EXPLAINED)
    least = compared.against_first[0].scores["uf1"].least_p
    if least is not None:
        none = ": nothing can be told apart at 5 %" if least >= LEVEL else ""
        notes.append(f"{compared.subjects} subjects allow no p below {shown_p(least)}{none}")
    return notes + [run.partial for run in compared.runs if run.partial][:1]


def _shown(interval: Sequence[float] | None, sign: str = "") -> str:
    if interval is None:
        return "no interval from one subject"
    low, high = interval
    return f"95 % interval {low:{sign}.4f} to {high:{sign}.4f}"
