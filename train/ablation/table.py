"""Table: the results of a study's rows, beside each other and beside the paper's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from itertools import chain
from pathlib import Path
from statistics import median

from raicl.common.errors import InputError, PartialError
from raicl.common.files import write_atomic
from raicl.common.sampling.sample import SamplingSettings
from raicl.common.versioned import write_versioned
from raicl.train.ablation.blocks import class_shares
from raicl.train.ablation.claims import judge
from raicl.train.ablation.cost import Cost, count_cost
from raicl.train.ablation.grid import GridRow
from raicl.train.ablation.scored import Runs, best_of, clips_of, difference_of, score_of, tables_of
from raicl.train.ablation.strength import Motions, unit_strength
from raicl.train.ablation.study import Study
from raicl.train.ablation.text import table_csv, table_text
from raicl.train.ablation.units import Unit
from raicl.train.clips.overview import remarks
from raicl.train.report.ablation import (
    APART,
    TABLE,
    PublishedScores,
    RowCost,
    RowScores,
    StudyRow,
    StudyTable,
)
from raicl.train.report.published import (
    ABLATION,
    Figure,
    ablation_figures,
    same_rules,
    why_apart,
)
from raicl.train.run.outcome import Outcome, check_labels, read_outcome
from raicl.train.scores.absent import absent_words
from raicl.train.scores.integrity import protocol_label
from raicl.train.scores.metrics import SCORES
from raicl.train.scores.results import SHUFFLED, Progress
from raicl.train.scores.swaps import holm
from raicl.train.settings import TrainSettings


def tabulate(study: Study, reasons: Mapping[str, str]) -> StudyTable:
    """The table of the units that have results.

    Parameters
    ----------
    reasons : reasons of the units that are not complete, by name of the unit.

    Raises
    ------
    InputError : a unit's files are damaged, or two units disagree on a clip's true class.
    PartialError : no unit has results.
    """
    runs = {name: _outcomes(study, name) for name in study.grid.rows}
    done = [outcome for outcomes in runs.values() for outcome in outcomes.values()]
    if not done:
        raise PartialError(
            "no unit has results: " + next(iter(reasons.values()), "nothing was run"),
            where=str(study.folder),
            fix="remove the cause; the same command tries the units again",
        )
    real = [outcome for outcome in done if not outcome.results.is_control]
    for outcome in real[1:]:
        check_labels(real[0], outcome)
    motions, figures = Motions(), _figures(study, real)
    rows = [
        _with_strength(_row(study, name, runs, figures), study, runs[name], motions)
        for name in study.grid.rows
    ]
    claimed = [difference_of(*(runs[name] for name in claim.rows)) for claim in study.grid.claims]
    return StudyTable(
        reference=study.grid.reference,
        rows=_corrected(rows),
        best=best_of(
            {name: found for name, found in runs.items() if not study.grid.rows[name].control}
        ),
        claims=judge(study.grid.claims, claimed),
        units=Progress(done=len(done), all=len(study.units)),
        incomplete=dict(reasons),
        integrity=_integrity(study, done) | _cautions(study, real),
    )


def write_table(folder: Path, table: StudyTable) -> None:
    """Write ``table.json``, ``table.txt`` and ``table.csv`` into the study's folder."""
    write_versioned(folder / TABLE, table)
    write_atomic(folder / "table.txt", f"{table_text(table)}\n".encode())
    write_atomic(folder / "table.csv", table_csv(table).encode())


def _outcomes(study: Study, row: str) -> Runs:
    units = [unit for unit in study.units if unit.row == row]
    there = [unit for unit in units if (unit.folder / "results.json").is_file()]
    return {unit.seed: read_outcome(unit.folder, unit.name) for unit in there}


def _figures(study: Study, done: Sequence[Outcome]) -> dict[str, Figure]:
    """The paper's figures by row, which are of CDE's rules and stand beside no other's."""
    published = ablation_figures() if all(same_rules(run, ABLATION) for run in done) else {}
    # a figure is for the preset itself, whatever a grid calls its rows
    rows = {name: row.preset for name, row in study.grid.rows.items() if not _changed(row)}
    return {name: published[preset] for name, preset in rows.items() if preset in published}


def _changed(row: GridRow) -> bool:
    return bool(row.settings or row.times)


def _row(
    study: Study, name: str, every: Mapping[str, Runs], figures: Mapping[str, Figure]
) -> StudyRow:
    row, runs, reference = study.grid.rows[name], every[name], every[study.grid.reference]
    figure = figures.get(name)
    unit = next(unit for unit in study.units if unit.row == name)
    found = StudyRow(
        row=name,
        note=row.note,
        seeds=tuple(sorted(runs)),
        remarks=_remarks(runs),
        published=None
        if figure is None
        else PublishedScores(uf1=figure.uf1, uar=figure.uar, source=figure.source),
    )
    clips = clips_of(runs)
    if not clips:
        return found
    alone = row.control or name == study.grid.reference  # a control has other labels
    tables = tables_of(runs, clips)
    cost = asdict(_cost(unit, len(tables[0, 0])))
    results = {
        "clips": int(tables[0].sum()),
        "scores": RowScores(**{key: score_of(tables, key) for key in SCORES}),
        "cost": RowCost(**cost, fold_seconds=_fold_seconds(runs)),
        "classes": class_shares(tables, next(iter(runs.values())).classes),
        "against_reference": None if alone else difference_of(reference, runs),
    }
    return found.model_copy(update=results)


def _with_strength(row: StudyRow, study: Study, runs: Runs, motions: Motions) -> StudyRow:
    """The row with the strength of its instances, or with a remark why that is not known."""
    unit = next((unit for unit in study.units if unit.row == row.row and unit.seed in runs), None)
    if unit is None or row.scores is None:
        return row
    try:
        strength = unit_strength(unit, clips_of(runs), motions)
    except InputError as error:
        return row.model_copy(update={"remarks": (*row.remarks, f"strength not known: {error}")})
    return row.model_copy(update={"strength": strength})


def _corrected(rows: Sequence[StudyRow]) -> tuple[StudyRow, ...]:
    """The rows with Holm's p. The rows that differ from the reference are one family."""
    found = holm([None if (d := row.against_reference) is None else d.uf1.p for row in rows])
    return tuple(row.model_copy(update={"holm_p": p}) for row, p in zip(rows, found, strict=True))


def _remarks(runs: Runs) -> tuple[str, ...]:
    """Remarks about the clips of a row, from the runs of all its seeds."""
    lines = (
        (*_control(run), *remarks(run.results.left_out, run.results.flagged))
        for run in runs.values()
    )
    return tuple(dict.fromkeys(chain.from_iterable(lines)))


def _control(run: Outcome) -> list[str]:
    """What a control means, where it stands among real rows."""
    chance = run.results.chance_uar
    if chance is None:
        return []
    return [
        f"{SHUFFLED}. There is nothing to learn, so its UAR should be near chance, "
        f"{100 * chance:.1f}; it is compared with no row"
    ]


def _cost(unit: Unit, n_classes: int) -> Cost:
    # the cost does not depend on how clips are sampled and labelled
    sampling = {"sampling": "cache", "redraw": True, **SamplingSettings().model_dump()}
    same = {"seed": 0, "protocol": "cde", "scale_fit": "trained", **sampling}
    return _counted(unit.settings.model_copy(update=same).model_dump_json(), n_classes)


@cache
def _counted(settings: str, n_classes: int) -> Cost:
    return count_cost(TrainSettings.model_validate_json(settings), n_classes)


def _fold_seconds(runs: Runs) -> float:
    seconds = (fold.seconds for outcome in runs.values() for fold in outcome.folds.values())
    return float(median(seconds))


def _integrity(study: Study, done: Sequence[Outcome]) -> dict[str, tuple[str, ...]]:
    """How the results of the study were found, with several values where they differ."""
    shown = {
        "protocol": [protocol_label(outcome.results) for outcome in done],
        "selection": [outcome.results.selection for outcome in done],
        "seeds": list(map(str, study.seeds)),
        "folds": [f"{run.results.folds.done} of {run.results.folds.all}" for run in done],
        "device": [outcome.results.device for outcome in done],
        "cache": [outcome.results.cache_digest for outcome in done],
        "flow": [outcome.results.flow for outcome in done if outcome.results.flow],
    }
    return {name: tuple(dict.fromkeys(values)) for name, values in shown.items() if values}


def _cautions(study: Study, done: Sequence[Outcome]) -> dict[str, tuple[str, ...]]:
    """What makes scores other than they look, and other than those of the paper beside them."""
    paper = any(row.preset in ablation_figures() for row in study.grid.rows.values())
    apart = [line for outcome in done for line in why_apart(outcome, ABLATION)] if paper else []
    absent = [absent_words(outcome.results.over_tested) for outcome in done]
    shown = {"classes": filter(None, absent), APART: apart}
    found = {name: tuple(dict.fromkeys(lines)) for name, lines in shown.items()}
    return {name: lines for name, lines in found.items() if lines}
