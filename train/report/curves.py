"""Curves: the logs of all folds combined by epoch, and their charts on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.terminal.wording import counted
from raicl.train.fold.log import History
from raicl.train.report.figures import Chart, Plot, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Logs = Mapping[str, History]

# one chart each: its title, the names of its curves by key of log.jsonl, and a remark
CHARTS = (
    (
        "Losses",
        {
            "loss": "total",
            "cls": "L_cls",
            "acl": "L_acl",
            "align": "L_align",
            "c": "L_c",
            "balance": "R",
        },
        "The total is weighted, its terms are not.",
    ),
    (
        "Region usage",
        {"usage": "queries in use"},
        "exp of the entropy of the mean assignment: all queries when shared equally, 1 when one "
        "region takes all.",
    ),
    (
        "Likeness of the regions",
        {"region_cosine": "mean |cosine|"},
        "Between different regions of an image: near 1 they are all the same region.",
    ),
    (
        "Size of the class maps",
        {"log_map_norm": "log ‖M‖"},
        "If it keeps falling, L_acl shrinks the maps to make them agree.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Course:
    """One quantity by epoch, over the folds that logged it.

    Attributes
    ----------
    epochs : numbers of the epochs, (E,).
    mean, low, high : mean, smallest and largest value of the folds, (E,) each.
    """

    epochs: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def course(logs: Logs, key: str) -> Course | None:
    """Mean and extremes of `key` per epoch. None if no fold logged a finite value.

    A fold without a value in an epoch does not count there.
    """
    found: dict[int, list[float]] = {}
    for log in logs.values():
        for row in log:
            epoch, value = row["epoch"], row.get(key)
            if epoch is not None and value is not None:
                found.setdefault(int(epoch), []).append(value)
    if not found:
        return None
    epochs = sorted(found)
    return Course(
        epochs=np.array(epochs),
        mean=np.array([np.mean(found[epoch]) for epoch in epochs]),
        low=np.array([min(found[epoch]) for epoch in epochs]),
        high=np.array([max(found[epoch]) for epoch in epochs]),
    )


def charts(logs: Logs) -> list[Chart]:
    """Every chart that has something to show.

    Raises
    ------
    SetupError : matplotlib is not installed.
    """
    shown = []
    for title, names, remark in CHARTS:
        found = {name: course(logs, key) for key, name in names.items()}
        courses = {name: line for name, line in found.items() if line is not None}
        if courses:
            shown.append(
                Chart(
                    title=title,
                    remark=remark,
                    alt=_alt(title, courses, len(logs)),
                    pictures=draw(_plot(courses)),
                    last={name: float(line.mean[-1]) for name, line in courses.items()},
                )
            )
    return shown


def _alt(title: str, courses: Mapping[str, Course], folds: int) -> str:
    parts = [f"{name} from {line.mean[0]:.3g} to {line.mean[-1]:.3g}" for name, line in
             courses.items()]  # fmt: skip
    epochs = next(iter(courses.values())).epochs
    return (
        f"{title} over epochs {epochs[0]} to {epochs[-1]}, mean over {counted(folds, 'fold')}: "
        f"{'; '.join(parts)}."
    )


def _plot(courses: Mapping[str, Course]) -> Plot:
    """One line per quantity with a band over the folds."""

    def plot(figure: Figure, ink: str, lines: Sequence[str]) -> None:
        axes = figure.subplots()
        for (name, line), colour in zip(courses.items(), lines, strict=False):
            axes.fill_between(line.epochs, line.low, line.high, color=colour, alpha=0.18, lw=0)
            marker = "o" if len(line.epochs) < 12 else ""
            axes.plot(line.epochs, line.mean, color=colour, label=name, marker=marker, ms=4)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
        axes.ticklabel_format(useOffset=False)
        _open_range(axes)
        if len(courses) > 1:
            figure.legend(loc="outside upper left", ncols=5, frameon=False, handlelength=1)
        else:
            axes.set_ylabel(next(iter(courses)))

    return plot


def _open_range(axes: Any) -> None:
    """Show at least a tenth of the values' size, because otherwise rounding looks like a change."""
    low, high = axes.get_ylim()
    lack = 0.1 * max(abs(low), abs(high)) - (high - low)
    if lack > 0:
        axes.set_ylim(low - lack / 2, high + lack / 2)
