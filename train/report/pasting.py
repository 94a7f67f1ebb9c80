"""Pasting: a table of scores for a paper, as markdown or as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from raicl.train.scores.swaps import shown_p

BOLD = "Bold: the 95 % interval of the difference from every other row lies above 0."

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$",
    "±": r"$\pm$", "−": "$-$", "–": "--", "λ": r"$\lambda$", "γ": r"$\gamma$", "³": "$^3$",
    "\n": " ",
}  # fmt: skip
_MARKDOWN = re.compile(r"([\\`*_|<>\[\]])")


Interval = Sequence[float] | None


class Cell(NamedTuple):
    """A cell, and whether it is the best of its column."""

    text: str
    best: bool = False


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """A table without a format.

    Attributes
    ----------
    caption : sentences that say what the numbers are and how they were found.
    columns : their names; the first is that of the rows.
    rows : one cell for each column.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def in_format(table: Pasted, wanted: Literal["markdown", "latex"]) -> str:
    """The table as markdown or as LaTeX."""
    return latex(table) if wanted == "latex" else markdown(table)


def score_cells(value: float, ends: Interval, *, sd: float | None = None, best: bool) -> list[Cell]:
    """A score in percent, with its deviation over seeds if there are several, and its interval."""
    spread = "" if sd is None else f" ± {percent(sd)}"
    return [Cell(f"{percent(value)}{spread}", best), Cell(percents(ends))]


def difference_cells(
    value: float, ends: Interval, p: float | None, holm_p: float | None
) -> list[Cell]:
    """A difference in points, its interval, its p and Holm's."""
    ps = [Cell("–" if one is None else shown_p(one)) for one in (p, holm_p)]
    return [Cell(percent(value, sign="+")), Cell(percents(ends, sign="+")), *ps]


def no_cells(count: int) -> list[Cell]:
    """Dashes where there is nothing to say."""
    return [Cell("–")] * count


def markdown(table: Pasted) -> str:
    """The table with the pipes of GitHub's markdown, and the caption below it."""
    header = _piped(map(_plain_markdown, table.columns))
    rule = _piped(["---", *["---:"] * (len(table.columns) - 1)])
    body = [_piped(map(_markdown_cell, row)) for row in table.rows]
    return "\n".join([header, rule, *body, "", _plain_markdown(table.caption)])


def latex(table: Pasted) -> str:
    """The table as a float with the rules of booktabs, which the preamble must load."""
    columns = "l" + "r" * (len(table.columns) - 1)
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{_plain_latex(table.caption)}}}",
        rf"  \begin{{tabular}}{{{columns}}}",
        r"    \toprule",
        _joined([_plain_latex(name) for name in table.columns]),
        r"    \midrule",
        *(_joined([_latex_cell(cell) for cell in row]) for row in table.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def percent(value: float, *, sign: str = "") -> str:
    """A fraction as a number of percent with one decimal, and a real minus sign."""
    return f"{100 * value:{sign}.1f}".replace("-", "−")


def percents(interval: Interval, *, sign: str = "") -> str:
    """An interval in percent, or a dash where there is none."""
    if interval is None:
        return "–"
    low, high = (percent(end, sign=sign) for end in interval)
    return f"{low} to {high}"


def _piped(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _markdown_cell(cell: Cell) -> str:
    text = _plain_markdown(cell.text)
    return f"**{text}**" if cell.best else text


def _joined(cells: Sequence[str]) -> str:
    return "    " + " & ".join(cells) + r" \\"


def _plain_latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _latex_cell(cell: Cell) -> str:
    text = _plain_latex(cell.text)
    return rf"\textbf{{{text}}}" if cell.best else text
