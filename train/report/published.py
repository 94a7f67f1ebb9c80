"""Published scores of others, each with the epoch that was scored and its source."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from raicl.common.terminal.wording import counted
from raicl.train.clips.folds import WITHIN
from raicl.train.run.outcome import Outcome
from raicl.train.scores.results import Results

COMPOSITE = "composite"
_CDE = {"casme2", "samm", "smic"}
_NAMES = {
    COMPOSITE: "composite", "casme2": "CASME II", "samm": "SAMM", "smic": "SMIC-HS",
    "casme3": "CAS(ME)³",
}  # fmt: skip


class Figure(BaseModel):
    """One published row, scores as fractions.

    Attributes
    ----------
    selection : which epoch was scored.
    row : row of the paper's ablation, such as ``M5``. Empty for other figures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: Literal["cde", "three", "four", "seven"]
    database: Literal["composite", "casme2", "samm", "smic", "casme3"]
    method: str
    uf1: float | None = Field(None, gt=0, lt=1)
    uar: float | None = Field(None, gt=0, lt=1)
    selection: Literal["last epoch", "test-selected", "not test-selected", "unknown"]
    source: str
    row: str = ""


def figures() -> list[Figure]:
    """Every published row, in the order of the file."""
    text = files("raicl.train.report").joinpath("published.toml").read_text(encoding="utf-8")
    return [Figure(**row) for row in tomllib.loads(text)["figures"]]


def ablation_figures() -> dict[str, Figure]:
    """The paper's ablation by row. No source shows M3 and M10."""
    return {figure.row: figure for figure in figures() if figure.row}


class ShownFigure(NamedTuple):
    """A row of a table: a published figure, or a run's own."""

    method: str
    uf1: float | None
    uar: float | None
    selection: str
    source: str
    own: bool


class FigureTable(NamedTuple):
    """The figures of one database, a run's own first."""

    title: str
    rows: list[ShownFigure]


class Section(NamedTuple):
    """The published figures of one protocol, and notes on why runs cannot be compared with them."""

    protocol: str
    tables: list[FigureTable]
    notes: list[str]


def beside_published(outcomes: Sequence[Outcome]) -> list[Section]:
    """The published tables of the runs' protocols.

    A run is in a table only if it has the same databases. Otherwise a note says why not. A control
    is shown beside no figure.
    """
    every, sections = figures(), []
    outcomes = [outcome for outcome in outcomes if not outcome.results.is_control]
    for protocol in sorted({outcome.results.protocol for outcome in outcomes}):
        rows = [figure for figure in every if figure.protocol == protocol]
        runs = [outcome for outcome in outcomes if outcome.results.protocol == protocol]
        if not rows or not any(_nameable(outcome) for outcome in runs):
            continue
        databases = list(dict.fromkeys(figure.database for figure in rows))
        tables = [_table(name, rows, runs) for name in databases]
        notes = [f"{outcome.name}: {note}" for outcome in runs for note in _notes(outcome)]
        sections.append(Section(protocol, tables, notes))
    return sections


def _nameable(outcome: Outcome) -> bool:
    """Whether to show published figures beside a run, be it with a note that it differs."""
    databases = set(outcome.results.databases)
    return bool(databases & (_wanted(outcome.results) | {"synthetic"}))


def _wanted(results: Results) -> set[str]:
    return _CDE if results.protocol == "cde" else {"casme3"}


def _comparable(outcome: Outcome) -> bool:
    within = outcome.results.evaluation == WITHIN
    return within and set(outcome.results.databases) == _wanted(outcome.results)


def _table(database: str, rows: Sequence[Figure], runs: Sequence[Outcome]) -> FigureTable:
    published = [
        ShownFigure(row.method, row.uf1, row.uar, row.selection, row.source, own=False)
        for row in rows
        if row.database == database
    ]
    own = [_own(database, outcome) for outcome in runs if _comparable(outcome)]
    return FigureTable(_NAMES[database], [*own, *published])


def _own(database: str, outcome: Outcome) -> ShownFigure:
    results = outcome.results
    whole = database == COMPOSITE or len(results.databases) == 1
    scores = results if whole else results.databases[database]
    return ShownFigure(
        method=f"this run, {outcome.name}",
        uf1=scores.uf1,
        uar=scores.uar,
        selection="last epoch" if results.selection.startswith("last") else "see above",
        source=f"{outcome.folder.name}/results.json",
        own=True,
    )


def _notes(outcome: Outcome) -> list[str]:
    """Reasons why a run cannot be compared with the published figures, or only in part."""
    results, notes = outcome.results, []
    if "synthetic" in results.databases:
        notes.append(
            "synthetic faces. Its scores say that the machinery works and are not comparable with "
            "any published figure"
        )
    elif set(results.all_databases) != _wanted(results) and results.evaluation == WITHIN:
        databases = ", ".join(results.all_databases)
        notes.append(f"trained and tested on {databases} alone, not on what the figures are of")
    if results.evaluation != WITHIN:
        notes.append(f"{results.evaluation}; the figures are {WITHIN}")
    if results.partial:
        notes.append(results.partial)
    if results.left_out:
        notes.append(f"{counted(len(results.left_out), 'clip')} left out by its --sampling")
    if results.unmet and not results.official_list:  # which says so for every clip
        first = " ".join(results.unmet[0].split())
        notes.append(f"its clips are not the published ones: {first}, see Published counts")
    return notes + [line for line in results.official_list if ": no" in line]
