"""Published scores of others, each with the epoch that was scored and its source."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from importlib.resources import files
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from raicl.common.terminal.wording import counted
from raicl.data.protocols.agreement import complete_counts
from raicl.data.protocols.identity import built_in_like, unlike
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.folds import WITHIN
from raicl.train.run.outcome import Outcome
from raicl.train.scores.absent import absent_words

COMPOSITE = "composite"
ABLATION = "cde"  # the protocol of the paper's ablation
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
    """A row of a table: a published figure, or a run's own.

    `clips`, `subjects` and `folds` are what a run has tested, in words. Others do not all say it.
    """

    method: str
    uf1: float | None
    uar: float | None
    selection: str
    source: str
    own: bool
    clips: str = "–"
    subjects: str = "–"
    folds: str = "–"


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

    A run is in a table only if its protocol gives its clips the classes of raicl's, whatever it is
    called, and if it has the same databases. Otherwise a note says why not. A control is shown
    beside no figure.
    """
    every, sections = figures(), []
    outcomes = [outcome for outcome in outcomes if not outcome.results.is_control]
    for protocol in sorted({_section_of(outcome) for outcome in outcomes}):
        rows = [figure for figure in every if figure.protocol == protocol]
        runs = [outcome for outcome in outcomes if _section_of(outcome) == protocol]
        if not rows or not any(_nameable(outcome, protocol) for outcome in runs):
            continue
        databases = list(dict.fromkeys(figure.database for figure in rows))
        tables = [_table(protocol, name, rows, runs) for name in databases]
        notes = [f"{run.name}: {note}" for run in runs for note in _notes(run, protocol)]
        sections.append(Section(protocol, tables, notes))
    return sections


def why_apart(outcome: Outcome, protocol: str) -> list[str]:
    """Reasons why a run cannot be compared with what is published of a protocol, or only in part.

    Parameters
    ----------
    protocol : name of one of raicl's.
    """
    results, notes = outcome.results, _other_rules(outcome, protocol)
    if "synthetic" in results.databases:
        notes.append(
            "synthetic faces. Its scores say that the machinery works and are not comparable with "
            "any published figure"
        )
    elif set(results.all_databases) != _wanted(protocol) and results.evaluation == WITHIN:
        databases = ", ".join(results.all_databases)
        notes.append(f"trained and tested on {databases} alone, not on what the figures are of")
    if results.evaluation != WITHIN:
        notes.append(f"{results.evaluation}; the figures are {WITHIN}")
    if results.partial:
        notes.append(results.partial)
    if results.left_out:
        notes.append(f"{counted(len(results.left_out), 'clip')} left out by its --sampling")
    return [*notes, *_other_clips(outcome, protocol)]


def _notes(outcome: Outcome, protocol: str) -> list[str]:
    absent = absent_words(outcome.results.over_tested)
    return [*why_apart(outcome, protocol), *([absent] if absent else [])]


def same_rules(outcome: Outcome, protocol: str) -> bool:
    """Whether a run's protocol gives its clips the classes of one of raicl's."""
    return not _unlike(outcome, protocol)


def _section_of(outcome: Outcome) -> str:
    """The built-in protocol that a run's is by its rules, or else the name it goes by."""
    rules = outcome.environment.protocol
    return built_in_like(rules, outcome.results.all_databases) or rules.name


def _unlike(outcome: Outcome, protocol: str) -> str:
    """How the rules of a run's protocol differ from raicl's, in words. Empty if they do not."""
    ours = load_protocol(protocol)
    return unlike(outcome.environment.protocol, ours, outcome.results.all_databases)


def _other_rules(outcome: Outcome, protocol: str) -> list[str]:
    """What to say of a run's protocol if its rules, or only its name, are not raicl's."""
    name, differing = outcome.environment.protocol.name, _unlike(outcome, protocol)
    if differing:
        return [f"its protocol {name} is not raicl's {protocol}: {differing}"]
    return [] if name == protocol else [f"its protocol {name} has the rules of {protocol}"]


def _other_clips(outcome: Outcome, protocol: str) -> list[str]:
    """What to say of a run's clips if they are not those that are published."""
    results = outcome.results
    if results.official_list:  # which says so for every clip
        return [line for line in results.official_list if ": no" in line]
    if results.unmet:
        first = " ".join(results.unmet[0].split())
        return [f"its clips are not the published ones: {first}, see Published counts"]
    complete = _complete(protocol, results.all_databases)
    if complete is None or results.partial or complete == (results.clips, results.subjects):
        return []
    clips, subjects = complete
    return [
        f"{results.clips} of the published {clips} clips, of {results.subjects} of {subjects} "
        "subjects"
    ]


def _complete(protocol: str, databases: Collection[str]) -> tuple[int, int] | None:
    """Published numbers of clips and subjects of complete databases. None if one is not known."""
    rules = load_protocol(protocol)
    clips = subjects = 0
    for name in databases:
        found = complete_counts(rules, name)
        if found is None or found.subjects is None:
            return None
        clips, subjects = clips + sum(found.classes.values()), subjects + found.subjects
    return clips, subjects


def _nameable(outcome: Outcome, protocol: str) -> bool:
    """Whether to show published figures beside a run, be it with a note that it differs."""
    return bool(set(outcome.results.databases) & (_wanted(protocol) | {"synthetic"}))


def _wanted(protocol: str) -> set[str]:
    return _CDE if protocol == "cde" else {"casme3"}


def _comparable(outcome: Outcome, protocol: str) -> bool:
    within = outcome.results.evaluation == WITHIN
    there = set(outcome.results.databases) == _wanted(protocol)
    return within and there and same_rules(outcome, protocol)


def _table(
    protocol: str, database: str, rows: Sequence[Figure], runs: Sequence[Outcome]
) -> FigureTable:
    published = [
        ShownFigure(row.method, row.uf1, row.uar, row.selection, row.source, own=False)
        for row in rows
        if row.database == database
    ]
    own = [_own(database, outcome) for outcome in runs if _comparable(outcome, protocol)]
    return FigureTable(_title(protocol, database), [*own, *published])


def _title(protocol: str, database: str) -> str:
    complete = _complete(protocol, _CDE if database == COMPOSITE else {database})
    if complete is None:
        return _NAMES[database]
    return f"{_NAMES[database]} ({complete[0]} clips of {complete[1]} subjects are published)"


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
        clips=str(scores.clips),
        subjects=str(scores.subjects),
        folds=f"{results.folds.done} of {results.folds.all}",
    )
