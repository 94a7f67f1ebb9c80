"""Text: the table of a study for a terminal, and as CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from raicl.train.scores.summary import SCORE_NAMES

_COLUMNS = ("uf1", "uar")
_PAPER = ("paper_uf1", "paper_uar")
_EXPLAINED = (
    "scores in %; ± is the standard deviation over seeds, intervals are of the mean over seeds",
    "by a bootstrap over subjects; differences are paired, p two-sided and not corrected for the",
    "number of rows",
    "paper: CDE with CASME II, SAMM and SMIC; which epoch it scored is unknown",
    "MFLOP: of convolutions and matrix products; MB/step: what a training step keeps, that is "
    "parameters,",
    "gradients, Adam's moments, the target and what a mini-batch saves for the backward pass",
)


def as_text(table: Mapping[str, Any]) -> str:
    """The values of `raicl.train.ablation.table.tabulate` as the table that the command prints."""
    reference, rows = table["reference"], table["rows"]
    width = max(len(name) for name in (f"minus {reference}", *(row["row"] for row in rows))) + 2
    shown = "".join(f"{SCORE_NAMES[key]:<14}{'95 %':<15}" for key in _COLUMNS)
    lines = [f"{'':{width}}{shown}{'paper UF1/UAR':<15}note"]
    for row in rows:
        scores, name = row["scores"], f"{row['row']:<{width}}"
        if scores is None:
            lines.append(f"{name}{'no result':<58}{_paper(row):<15}{row['note']}")
            continue
        found = "".join(
            f"{_mean(scores[key]):<14}{_ends(scores[key]['interval_95']):<15}" for key in _COLUMNS
        )
        lines.append(f"{name}{found}{_paper(row):<15}{row['note']}")
    lines += ["", f"{f'minus {reference}':{width}}{'UF1':<9}{'95 %':<19}{'p':<8}clips"]
    for row in rows:
        found = row["against_reference"]
        if found is not None:
            lines.append(f"{row['row']:<{width}}{_difference(found['uf1'])}{found['clips']}")
    lines += ["", f"{'cost':{width}}{'trained':>10}{'tested':>10}{'MFLOP/pair':>12}"
              f"{'MFLOP/test':>12}{'MB/step':>9}{'s/fold':>8}"]  # fmt: skip
    for row in rows:
        if row["cost"] is not None:
            lines.append(f"{row['row']:<{width}}{_cost(row['cost'])}")
    lines += ["", *map(_claim, table["claims"])]
    return "\n".join([*lines, *_notes(table)])


def as_csv(table: Mapping[str, Any]) -> str:
    """One line per row, scores as fractions."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    scores = [f"{key}_{part}" for key in SCORE_NAMES for part in ("mean", "sd", "low", "high")]
    costs = ("trained", "tested", "pair_flops", "instance_flops", "step_bytes", "fold_seconds")
    against = ("uf1_difference", "low", "high", "p")
    writer.writerow(["row", "note", "seeds", "clips", *scores, *against, *costs, *_PAPER])
    for row in table["rows"]:
        cells: list[Any] = [row["row"], row["note"], " ".join(map(str, row["seeds"]))]
        if row["scores"] is not None:
            cells.append(row["clips"])
            for score in row["scores"].values():
                cells += [score["mean"], score["sd"], *(score["interval_95"] or ("", ""))]
            found = (row["against_reference"] or {}).get("uf1")
            cells += _four(found) if found else [""] * len(against)
            cells += [row["cost"][name] for name in costs]
        else:
            cells += [""] * (1 + len(scores) + len(against) + len(costs))
        figure = row["published"] or {}
        writer.writerow([*cells, *(figure.get(key, "") for key in _COLUMNS)])
    return text.getvalue()


def _four(found: Mapping[str, Any]) -> list[Any]:
    return [found["value"], *(found["interval"] or ("", "")), found["p"]]


def _mean(score: Mapping[str, Any]) -> str:
    spread = "" if score["sd"] is None else f" ± {100 * score['sd']:.1f}"
    return f"{100 * score['mean']:.1f}{spread}"


def _ends(interval: Sequence[float] | None, sign: str = "") -> str:
    if interval is None:
        return "one subject"
    low, high = (100 * end for end in interval)
    return f"{low:{sign}.1f} to {high:{sign}.1f}"


def _paper(row: Mapping[str, Any]) -> str:
    figure = row["published"]
    return f"{100 * figure['uf1']:.2f}/{100 * figure['uar']:.2f}" if figure else ""


def _difference(found: Mapping[str, Any]) -> str:
    p = "" if found["p"] is None else f"{found['p']:.3f}"
    return f"{100 * found['value']:<+9.1f}{_ends(found['interval'], '+'):<19}{p:<8}"


def _cost(cost: Mapping[str, Any]) -> str:
    return (
        f"{cost['trained']:>10,}{cost['tested']:>10,}{cost['pair_flops'] / 1e6:>12,.0f}"
        f"{cost['instance_flops'] / 1e6:>12,.0f}{cost['step_bytes'] / 1e6:>9,.0f}"
        f"{cost['fold_seconds']:>8.0f}"
    )


def _claim(claim: Mapping[str, Any]) -> str:
    sign = "~" if claim["alike"] else "<"
    found = claim["difference"]
    told = "" if found is None else f" ({_difference(found['uf1']).strip()})"
    return f"{claim['first']} {sign} {claim['second']}: {claim['verdict']}{told}"


def _notes(table: Mapping[str, Any]) -> list[str]:
    units, integrity = table["units"], table["integrity"]
    notes = [
        "",
        *_EXPLAINED,
        *(f"{name}: {', '.join(value[:40] for value in values)}"
          for name, values in integrity.items()),
    ]  # fmt: skip
    notes += [f"{row['row']}: {remark}" for row in table["rows"] for remark in row["remarks"]]
    if units["done"] < units["all"]:
        notes.append(f"unfinished: {units['done']} of {units['all']} units have results")
    return notes + [f"{unit}: {why}" for unit, why in table["incomplete"].items()]
