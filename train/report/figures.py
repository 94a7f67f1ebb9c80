"""Figures: charts of the page as SVG, each for a light and for a dark page."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from raicl.common.drawing import matplotlib, new_figure
from raicl.common.pages import data_uri

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# draws into an empty figure: ink, then a colour for each line
Plot = Callable[["Figure", str, Sequence[str]], None]

_WIDTH, HEIGHT = 5.2, 3.4  # inches
_INK = {"light": "#1b2027", "dark": "#e7e9ec"}
_LINES = {
    "light": ("#1b2027", "#0b62a4", "#a33b00", "#00694a", "#83358f", "#6b5a00"),
    "dark": ("#e7e9ec", "#6cb6f2", "#f2a065", "#56c8a0", "#d899e0", "#d8c04a"),
}


class Chart(NamedTuple):
    """A chart of the page.

    Attributes
    ----------
    alt : what the picture shows, in words.
    pictures : data URIs, for a light and a dark page.
    last : mean values after the last epoch, by name of the curve. Empty if it is not over epochs.
    height : inches; a chart is 5.2 wide.
    """

    title: str
    remark: str
    alt: str
    pictures: dict[str, str]
    last: dict[str, float]
    height: float = HEIGHT


def draw(plot: Plot, *, height: float = HEIGHT) -> dict[str, str]:
    """A figure as data URIs, for a light and a dark page.

    Raises
    ------
    SetupError : matplotlib is not installed.
    """
    return {mode: _draw(plot, mode, height) for mode in _INK}


def _draw(plot: Plot, mode: str, height: float) -> str:
    ink = _INK[mode]
    style: dict[Any, Any] = {
        "svg.hashsalt": "raicl",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
    }
    style |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), ink)
    style |= dict.fromkeys(("xtick.color", "ytick.color"), ink)
    with matplotlib().rc_context(style | {"font.size": 12}):
        figure = new_figure(_WIDTH, height)
        plot(figure, ink, _LINES[mode])
        for axes in figure.axes:
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_facecolor("none")
        content = io.BytesIO()
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    return data_uri(content.getvalue(), "image/svg+xml")
