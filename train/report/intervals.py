"""Intervals: a chart of paired differences from one row or run, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from raicl.common.terminal.wording import counted
from raicl.train.report.ablation import StudyTable
from raicl.train.report.compare import Comparison
from raicl.train.report.figures import Chart, Plot, draw
from raicl.train.scores.paired import LEVEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_NAME = 24  # letters of a name that the chart has room for
_ROW, _FRAME = 0.28, 1.1  # inches


class Bar(NamedTuple):
    """A difference in UF1, its 95 % interval, and whether Holm's p is below 5 %."""

    name: str
    value: float
    interval: tuple[float, float]
    told: bool


def study_chart(table: StudyTable) -> Chart | None:
    """Differences of a study's rows from its reference. None if there are none."""
    bars = [
        Bar(row.row, found.uf1.value, found.uf1.interval, _told(row.holm_p))
        for row in table.rows
        if (found := row.against_reference) is not None and found.uf1.interval is not None
    ]
    return _chart(bars, table.reference)


def comparison_chart(compared: Comparison) -> Chart | None:
    """Differences of runs from the first. None if there are none."""
    bars = [
        Bar(row.name, found.difference, found.interval_95, _told(row.holm_p))
        for row in compared.against_first
        if (found := row.scores["uf1"]).interval_95 is not None
    ]
    return _chart(bars, compared.runs[0].name)


def _told(holm_p: float | None) -> bool:
    return holm_p is not None and holm_p < LEVEL


def _chart(bars: Sequence[Bar], reference: str) -> Chart | None:
    if not bars:
        return None
    told = [bar.name for bar in bars if bar.told]
    alt = "; ".join(
        f"{bar.name} {100 * bar.value:+.1f} ({100 * bar.interval[0]:+.1f} to "
        f"{100 * bar.interval[1]:+.1f})"
        for bar in bars
    )
    height = _FRAME + _ROW * len(bars)
    return Chart(
        title=f"UF1 minus {reference}",
        remark=f"In points, with 95 % intervals. Filled: Holm’s p is below {LEVEL:g}, "
        f"{counted(len(told), 'row')} of {len(bars)}.",
        alt=f"Differences in UF1 from {reference}, points: {alt}.",
        pictures=draw(_plot(bars), height=height),
        last={},
        height=height,
    )


def _plot(bars: Sequence[Bar]) -> Plot:
    """One line per row, the first on top, and a line at no difference."""

    def plot(figure: Figure, ink: str, lines: Sequence[str]) -> None:
        axes = figure.subplots()
        places = range(len(bars) - 1, -1, -1)
        axes.axvline(0, color=ink, lw=1)
        for place, bar in zip(places, bars, strict=True):
            low, high = (100 * end for end in bar.interval)
            axes.plot([low, high], [place, place], color=lines[1], lw=2)
            face = lines[1] if bar.told else "none"
            axes.plot(100 * bar.value, place, "o", ms=7, mec=lines[1], mfc=face, mew=1.5)
        axes.set_yticks(list(places), [_short(bar.name) for bar in bars])
        axes.set_ylim(-0.6, len(bars) - 0.4)
        axes.set_xlabel("difference in UF1, points")

    return plot


def _short(name: str) -> str:
    """A name that fits. Paths of runs differ at their ends, so the end is kept."""
    kept = name if len(name) <= _MOST_NAME else f"…{name[1 - _MOST_NAME :]}"
    return kept.replace("$", r"\$")  # matplotlib reads what is between two dollars as mathematics
