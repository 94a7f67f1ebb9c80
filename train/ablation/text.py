"""Text: the table of a study for a terminal, and as CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from raicl.train.ablation.blocks import block_lines, csv_cells, csv_names
from raicl.train.report.ablation import (
    APART,
    JudgedClaim,
    MeanOverSeeds,
    RowCost,
    StudyRow,
    StudyTable,
)
from raicl.train.scores.paired import Difference
from raicl.train.scores.results import SCORE_NAMES, ScoreName
from raicl.train.scores.swaps import shown_p

_COLUMNS: tuple[ScoreName, ...] = ("uf1", "uar")
_PAPER = ("paper_uf1", "paper_uar", "not_as_in_the_paper")
_EXPLAINED = (
    "scores in %; ± is the standard deviation over seeds, intervals are of the mean over seeds",
    "by a bootstrap over subjects; differences are paired",
    "p: two-sided, by swapping the two rows within subjects; least p: the least they allow",
    "Holm: p corrected for the number of rows or, where claims are judged by it, of claims",
    "finds: a smaller true difference has p < .05, uncorrected, in less than 80 % of such studies",
    "paper: CDE with CASME II, SAMM and SMIC; which epoch it scored is unknown",
    "MFLOP: in convolutions and matrix products; MB/step: what a training step keeps: parameters,",
    "gradients, Adam's moments, the target and what a mini-batch saves for the backward pass",
)


def table_text(table: StudyTable) -> str:
    """The table that the command prints."""
    width = (
        max(len(name) for name in (f"minus {table.reference}", *(r.row for r in table.rows))) + 2
    )
    shown = "".join(f"{SCORE_NAMES[key]:<14}{'95 %':<15}" for key in _COLUMNS)
    lines = [f"{'':{width}}{shown}{'paper UF1/UAR':<15}note"]
    lines += [
        f"{row.row:<{width}}{_scores(row):<58}{_paper(row):<15}{row.note}" for row in table.rows
    ]
    lines += ["", f"{f'minus {table.reference}':{width}}{'UF1':<9}{'95 %':<19}{'p':<8}{'Holm':<8}"
              f"{'least p':<10}{'finds':<8}clips"]  # fmt: skip
    for row in table.rows:
        found = row.against_reference
        if found is not None:
            shown = f"{_difference(found.uf1, row.holm_p)}{_power(found.uf1)}{found.clips}"
            lines.append(f"{row.row:<{width}}{shown}")
    lines += ["", f"{'cost':{width}}{'trained':>10}{'tested':>10}{'MFLOP/pair':>12}"
              f"{'MFLOP/test':>12}{'MB/step':>9}{'s/fold':>8}"]  # fmt: skip
    lines += [f"{row.row:<{width}}{_cost(row.cost)}" for row in table.rows if row.cost is not None]
    lines += block_lines(table.rows, width)
    lines += ["", *map(_claim, table.claims)]
    return "\n".join([*lines, *_notes(table)])


def table_csv(table: StudyTable) -> str:
    """One line per row, scores as fractions."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    scores = [f"{key}_{part}" for key in SCORE_NAMES for part in ("mean", "sd", "low", "high")]
    against = ("uf1_difference", "low", "high", "p", "holm_p", "least_p", "detectable")
    writer.writerow(
        ["row", "note", "seeds", "clips", *scores, *against, *RowCost.model_fields, *_PAPER,
         *csv_names(table.rows)]
    )  # fmt: skip
    for row in table.rows:
        cells: list[object] = [row.row, row.note, " ".join(map(str, row.seeds))]
        if row.scores is not None and row.cost is not None:
            cells.append(row.clips)
            for score in (getattr(row.scores, key) for key in SCORE_NAMES):
                cells += [score.mean, score.sd, *(score.interval_95 or ("", ""))]
            found = row.against_reference
            cells += [""] * len(against) if found is None else _against(found.uf1, row.holm_p)
            cells += [value for _, value in row.cost]
        else:
            cells += [""] * (1 + len(scores) + len(against) + len(RowCost.model_fields))
        figure = row.published
        apart = "; ".join(table.integrity.get(APART, ()))
        cells += ["", "", ""] if figure is None else [figure.uf1, figure.uar, apart]
        writer.writerow(cells + csv_cells(row, table.rows))
    return text.getvalue()


def _scores(row: StudyRow) -> str:
    if row.scores is None:
        return "no result"
    shown: list[MeanOverSeeds] = [getattr(row.scores, key) for key in _COLUMNS]
    return "".join(f"{_mean(score):<14}{_ends(score.interval_95):<15}" for score in shown)


def _against(found: Difference, holm_p: float | None) -> list[object]:
    ends = found.interval or ("", "")
    return [found.value, *ends, found.p, holm_p, found.least_p, found.detectable]


def _mean(score: MeanOverSeeds) -> str:
    spread = "" if score.sd is None else f" ± {100 * score.sd:.1f}"
    return f"{100 * score.mean:.1f}{spread}"


def _ends(interval: Sequence[float] | None, sign: str = "") -> str:
    if interval is None:
        return "one subject"
    low, high = (100 * end for end in interval)
    return f"{low:{sign}.1f} to {high:{sign}.1f}"


def _paper(row: StudyRow) -> str:
    if row.published is None or row.published.uf1 is None or row.published.uar is None:
        return ""
    return f"{100 * row.published.uf1:.2f}/{100 * row.published.uar:.2f}"


def _difference(found: Difference, holm_p: float | None) -> str:
    ps = "".join(f"{_p(p):<8}" for p in (found.p, holm_p))
    return f"{100 * found.value:<+9.1f}{_ends(found.interval, '+'):<19}{ps}"


def _power(found: Difference) -> str:
    finds = "–" if found.detectable is None else f"{100 * found.detectable:.1f}"
    return f"{_p(found.least_p):<10}{finds:<8}"


def _p(p: float | None) -> str:
    return "" if p is None else shown_p(p)


def _cost(cost: RowCost) -> str:
    return (
        f"{cost.trained:>10,}{cost.tested:>10,}{_millions(cost.pair_flops):>12}"
        f"{_millions(cost.instance_flops):>12}{_millions(cost.step_bytes):>9}"
        f"{cost.fold_seconds:>8.0f}"
    )


def _millions(count: int) -> str:
    """Whole millions, or two digits of what is below ten of them."""
    millions = count / 1e6
    return f"{millions:,.0f}" if millions >= 10 else f"{millions:.2g}"


def _claim(claim: JudgedClaim) -> str:
    sign, found = "~" if claim.alike else "<", claim.difference
    shown = "" if found is None else f" ({_judged(found.uf1, claim.holm_p)})"
    return f"{claim.first} {sign} {claim.second}: {claim.verdict}{shown}"


def _judged(found: Difference, holm_p: float | None) -> str:
    ps = "" if holm_p is None else f", p {_p(found.p)}, Holm {_p(holm_p)}"
    return f"{100 * found.value:+.1f}, {_ends(found.interval, '+')}{ps}"


def _notes(table: StudyTable) -> list[str]:
    notes = [
        "",
        *_EXPLAINED,
        *(f"{name}: {', '.join(value[:40] if name == 'cache' else value for value in values)}"
          for name, values in table.integrity.items()),
    ]  # fmt: skip
    notes += [f"{row.row}: {remark}" for row in table.rows for remark in row.remarks]
    if table.units.done < table.units.all:
        notes.append(f"unfinished: {table.units.done} of {table.units.all} units have results")
    return notes + [f"{unit}: {why}" for unit, why in table.incomplete.items()]
