"""Text: the comparison of runs for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from raicl.common.terminal.wording import clips_of_subjects, counted
from raicl.train.report.compare import Comparison, Difference
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


def _difference(row: tuple[ScoreName, Difference]) -> str:
    key, found = row
    shown = f"{SCORE_NAMES[key]:<9}{found.difference:+.4f}   {_shown(found.interval_95, '+')}"
    if found.p is None:
        return shown
    finds = "–" if found.detectable is None else f"{found.detectable:.4f}"
    return f"{shown}, p {shown_p(found.p)}, finds {finds}"


def _notes(compared: Comparison) -> list[str]:
    notes = [*([compared.absent] if compared.absent else []), *_EXPLAINED]
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
