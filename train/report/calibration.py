"""Calibration on the page: its numbers, the reliability diagram and the risk-coverage curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from raicl.common.terminal.wording import counted
from raicl.train.report.figures import Chart, draw
from raicl.train.run.outcome import Outcome
from raicl.train.scores.calibration import (
    Bin,
    Kept,
    Reliability,
    reliability,
    reliability_bins,
    risk_coverage,
)
from raicl.train.scores.predictions import Prediction

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURES = {
    "ece": "Expected calibration error",
    "nll": "Negative log-likelihood",
    "brier": "Brier score",
    "aurc": "Area under risk-coverage",
}
GIVEN, CALIBRATED, BEFORE = "As given", "Calibrated", "Before"
_SHOWN_COVERAGE = 0.5  # of the risk in the words of the chart


class TemperatureRow(NamedTuple):
    """The calibration of one fold."""

    fold: str
    temperature: float
    clips: int
    subjects: tuple[str, ...]
    nll_before: float
    nll_after: float


@dataclass(frozen=True, kw_only=True)
class ShownCalibration:
    """The calibration of a run, as the page shows it.

    Attributes
    ----------
    measured : the numbers of its probabilities, then those before they were calibrated, by name.
    bins : the bins of the first of them.
    charts : reliability diagram and risk-coverage curve.
    temperatures : by fold. Empty if the run is not calibrated.
    spread : lowest, median and highest temperature. None without any.
    """

    measured: dict[str, Reliability]
    bins: list[Bin]
    charts: list[Chart]
    temperatures: list[TemperatureRow]
    spread: tuple[float, float, float] | None


def calibration(outcome: Outcome) -> ShownCalibration:
    """The calibration of a run, from its predictions.

    Raises
    ------
    SetupError : matplotlib is not installed.
    """
    shown: dict[str, Sequence[Prediction]] = {GIVEN: outcome.predictions}
    if outcome.uncalibrated:
        shown = {CALIBRATED: outcome.predictions, BEFORE: outcome.uncalibrated}
    rows = _temperatures(outcome)
    found = [row.temperature for row in rows]
    spread = (min(found), float(np.median(found)), max(found)) if found else None
    bins = {name: reliability_bins(predictions) for name, predictions in shown.items()}
    return ShownCalibration(
        measured={
            name: reliability(predictions, seed=outcome.results.seed)
            for name, predictions in shown.items()
        },
        bins=next(iter(bins.values())),
        charts=[
            _diagram(bins),
            _curve({name: risk_coverage(predictions) for name, predictions in shown.items()}),
        ],
        temperatures=rows,
        spread=spread,
    )


def _temperatures(outcome: Outcome) -> list[TemperatureRow]:
    return [
        TemperatureRow(
            fold=name,
            temperature=found.temperature,
            clips=found.clips,
            subjects=found.subjects,
            nll_before=found.nll_before,
            nll_after=found.nll_after,
        )
        for name, record in outcome.folds.items()
        if (found := record.calibration) is not None
    ]


def _diagram(bins: Mapping[str, Sequence[Bin]]) -> Chart:
    def plot(figure: Figure, ink: str, lines: Sequence[str]) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=ink, lw=1, ls=":")
        for (name, rows), colour in zip(bins.items(), lines[1:], strict=False):
            confidence = [row.confidence for row in rows]
            accuracy = [row.accuracy for row in rows]
            share = np.array([row.clips for row in rows]) / sum(row.clips for row in rows)
            axes.plot(confidence, accuracy, color=colour, lw=1, label=name)
            axes.scatter(confidence, accuracy, color=colour, s=15 + 300 * share, alpha=0.7, lw=0)
        axes.set(xlim=(0, 1.02), ylim=(-0.04, 1.04), xlabel="confidence", ylabel="share right")
        if len(bins) > 1:
            figure.legend(loc="outside upper left", ncols=2, frameon=False, handlelength=1)

    said = (f"{name}: {', '.join(map(_said, rows))}" for name, rows in bins.items())
    return Chart(
        title="Reliability diagram",
        remark="Each point is a bin of the confidence, its area the number of clips. Below the "
        "dotted line the network is surer than it is right.",
        alt=f"Reliability diagram. {'. '.join(said)}.",
        pictures=draw(plot),
        last={},
    )


def _said(row: Bin) -> str:
    return f"{row.accuracy:.2f} right at {row.confidence:.2f} ({counted(row.clips, 'clip')})"


def _curve(curves: Mapping[str, Sequence[Kept]]) -> Chart:
    def plot(figure: Figure, ink: str, lines: Sequence[str]) -> None:
        axes = figure.subplots()
        every = next(iter(curves.values()))[-1].risk
        axes.axhline(every, color=ink, lw=1, ls=":")
        for (name, kept), colour in zip(curves.items(), lines[1:], strict=False):
            coverage, risk = [row.coverage for row in kept], [row.risk for row in kept]
            axes.plot(coverage, risk, color=colour, label=name, marker=".", ms=4)
        top = max(row.risk for kept in curves.values() for row in kept)
        axes.set(xlim=(0, 1.02), ylim=(-0.02, max(1.1 * top, 0.1)))
        axes.set(xlabel="share of clips kept, the surest first", ylabel="share wrong")
        if len(curves) > 1:
            figure.legend(loc="outside upper left", ncols=2, frameon=False, handlelength=1)

    parts = []
    for name, kept in curves.items():
        half = next(row for row in kept if row.coverage >= _SHOWN_COVERAGE)
        parts.append(
            f"{name}: {half.risk:.2f} wrong among the surest {half.coverage:.0%}, "
            f"{kept[-1].risk:.2f} among all"
        )
    return Chart(
        title="Risk and coverage",
        remark="How many are wrong if only the surest clips are kept. An order by chance stays "
        "near the dotted line.",
        alt=f"Risk-coverage curve. {'. '.join(parts)}.",
        pictures=draw(plot),
        last={},
    )
