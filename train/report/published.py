"""Published: scores of others, each with the epoch it was taken from and where it was read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from raicl.common.terminal.wording import counted
from raicl.train.clips.folds import WITHIN
from raicl.train.run.outcome import Outcome
from raicl.train.scores.results import evaluation, is_control, partial

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
    row : of the paper's ablation, as ``M5``.
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
    """The paper's ablation by row; M3 and M10 are in no source."""
    return {figure.row: figure for figure in figures() if figure.row}


def beside_published(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The published tables of the runs' protocols, as plain values.

    A run stands in a table only where it is of the same databases; else a note says why not. A
    control is beside no figure.

    Returns
    -------
    Per protocol with published figures: ``protocol``, ``tables`` of ``title`` and ``rows``, and
    ``notes`` by run.
    """
    every, sections = figures(), []
    outcomes = [outcome for outcome in outcomes if not is_control(outcome.results)]
    for protocol in sorted({outcome.results["protocol"] for outcome in outcomes}):
        rows = [figure for figure in every if figure.protocol == protocol]
        runs = [outcome for outcome in outcomes if outcome.results["protocol"] == protocol]
        if not rows or not any(_nameable(outcome) for outcome in runs):
            continue
        databases = list(dict.fromkeys(figure.database for figure in rows))
        tables = [_table(name, rows, runs) for name in databases]
        notes = [f"{outcome.name}: {note}" for outcome in runs for note in _notes(outcome)]
        sections.append({"protocol": protocol, "tables": tables, "notes": notes})
    return sections


def _nameable(outcome: Outcome) -> bool:
    """Whether published figures say anything beside a run, be it that it cannot be compared."""
    databases = set(outcome.results["databases"])
    return bool(databases & (_wanted(outcome.results) | {"synthetic"}))


def _wanted(results: Mapping[str, Any]) -> set[str]:
    return _CDE if results["protocol"] == "cde" else {"casme3"}


def _comparable(outcome: Outcome) -> bool:
    within = evaluation(outcome.results) == WITHIN
    return within and set(outcome.results["databases"]) == _wanted(outcome.results)


def _table(database: str, rows: Sequence[Figure], runs: Sequence[Outcome]) -> dict[str, Any]:
    published = [
        figure.model_dump() | {"own": False} for figure in rows if figure.database == database
    ]
    own = [_own(database, outcome) for outcome in runs if _comparable(outcome)]
    return {"title": _NAMES[database], "rows": [*own, *published]}


def _own(database: str, outcome: Outcome) -> dict[str, Any]:
    results = outcome.results
    whole = database == COMPOSITE or len(results["databases"]) == 1
    scores = results if whole else results["databases"][database]
    return {
        "method": f"this run, {outcome.name}",
        "uf1": scores["uf1"],
        "uar": scores["uar"],
        "selection": "last epoch" if results["selection"].startswith("last") else "see above",
        "source": f"{outcome.folder.name}/results.json",
        "own": True,
    }


def _notes(outcome: Outcome) -> list[str]:
    """Why a run is not, or only with a reservation, comparable with the published figures."""
    results, notes = outcome.results, []
    if "synthetic" in results["databases"]:
        notes.append(
            "synthetic faces. Its scores say that the machinery works and are not comparable with "
            "any published figure"
        )
    elif set(_databases(results)) != _wanted(results) and evaluation(results) == WITHIN:
        databases = ", ".join(_databases(results))
        notes.append(f"trained and tested on {databases} alone, not on what the figures are of")
    if evaluation(results) != WITHIN:
        notes.append(f"{evaluation(results)}; the figures are {WITHIN}")
    if part := partial(results):
        notes.append(part)
    if left_out := results["left_out"]:
        notes.append(f"{counted(len(left_out), 'clip')} left out by its --sampling")
    unmet = results.get("unmet")  # absent from earlier runs
    if unmet and not results["official_list"]:  # which says it of every clip
        first = " ".join(unmet[0].split())
        notes.append(f"its clips are not the published ones: {first}, see Published counts")
    return notes + [line for line in results["official_list"] if ": no" in line]


def _databases(results: Mapping[str, Any]) -> list[str]:
    """Of the whole run, and not of the folds that are finished alone; earlier ones lack it."""
    return list(results.get("all_databases", results["databases"]))
