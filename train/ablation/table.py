"""Table: what the rows of a study came to, beside each other and beside the paper's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from raicl.common.errors import PartialError
from raicl.common.files import write_atomic, write_json
from raicl.common.sampling.sample import SamplingSettings
from raicl.train.ablation.cost import Cost, count_cost
from raicl.train.ablation.grid import Claim
from raicl.train.ablation.study import Study, Unit
from raicl.train.ablation.text import as_csv, as_text
from raicl.train.clips.overview import remarks
from raicl.train.report.compare import SEED
from raicl.train.report.published import ablation_figures
from raicl.train.run.outcome import Outcome, check_labels, read_outcome
from raicl.train.scores.metrics import SCORES, Table, percentile_interval
from raicl.train.scores.paired import mean_score, paired_differences
from raicl.train.scores.summary import subject_tables
from raicl.train.settings import TrainSettings

_SURE = 0.05

Runs = dict[int, Outcome]  # by seed


def tabulate(study: Study, reasons: Mapping[str, str]) -> dict[str, Any]:
    """The table of the units that have results, as plain values.

    Parameters
    ----------
    reasons : by unit, why it is not complete.

    Raises
    ------
    InputError : a unit's files are damaged, or two disagree on a clip's true class.
    PartialError : not one unit has results.
    """
    runs = {name: _outcomes(study, name) for name in study.grid.rows}
    reference = runs[study.grid.reference]
    done = [outcome for outcomes in runs.values() for outcome in outcomes.values()]
    if not done:
        raise PartialError(
            "no unit has results: " + next(iter(reasons.values()), "nothing was run"),
            where=str(study.folder),
            fix="mend the cause; the same command tries them again",
        )
    for outcome in done[1:]:
        check_labels(done[0], outcome)
    return {
        "reference": study.grid.reference,
        "rows": [_row(study, name, runs[name], reference) for name in study.grid.rows],
        "claims": [_judge(claim, runs) for claim in study.grid.claims],
        "units": {"done": len(done), "all": len(study.units)},
        "incomplete": dict(reasons),
        "integrity": _integrity(study, done),
    }


def write_table(folder: Path, table: dict[str, Any]) -> None:
    """Write ``table.json``, ``table.txt`` and ``table.csv`` into the study's folder."""
    write_json(folder / "table.json", table)
    write_atomic(folder / "table.txt", f"{as_text(table)}\n".encode())
    write_atomic(folder / "table.csv", as_csv(table).encode())


def _outcomes(study: Study, row: str) -> Runs:
    units = [unit for unit in study.units if unit.row == row]
    there = [unit for unit in units if (unit.folder / "results.json").is_file()]
    return {unit.seed: read_outcome(unit.folder, unit.name) for unit in there}


def _row(study: Study, name: str, runs: Runs, reference: Runs) -> dict[str, Any]:
    row = study.grid.rows[name]
    # published of the preset itself, whatever a grid calls its rows
    figure = None if row.settings else ablation_figures().get(row.preset)
    unit = next(unit for unit in study.units if unit.row == name)
    found: dict[str, Any] = {
        "row": name,
        "note": row.note,
        "seeds": sorted(runs),
        "remarks": _remarks(runs),
        "published": figure and {"uf1": figure.uf1, "uar": figure.uar, "from": figure.source},
        "scores": None,
        "against_reference": None,
        "cost": None,
    }
    clips = _clips(runs)
    if not clips:
        return found
    tables = _tables(runs, clips)
    found["scores"] = {key: _score(tables, key) for key in SCORES}
    found["clips"] = int(tables[0].sum())
    found["cost"] = asdict(_cost(unit, len(tables[0, 0]))) | {"fold_seconds": _fold_seconds(runs)}
    if name != study.grid.reference:
        found["against_reference"] = _difference(reference, runs)
    return found


def _remarks(runs: Runs) -> list[str]:
    """What holds for the clips of a row, whatever its seed."""
    told = (
        remarks(run.results["left_out"], run.results.get("flagged", {})) for run in runs.values()
    )
    return list(dict.fromkeys(line for lines in told for line in lines))


def _score(tables: Table, key: str) -> dict[str, Any]:
    score = mean_score(tables, key, seed=SEED)
    several = tables.shape[1] > 1
    return {
        "mean": score.value,
        "sd": score.sd,
        "by_seed": list(score.values),
        "interval_95": list(percentile_interval(score.resampled)) if several else None,
    }


def _difference(first: Runs, second: Runs) -> dict[str, Any] | None:
    """Paired over the clips that both tested; None where there are none."""
    clips = _clips(first) & _clips(second)
    if not clips:
        return None
    differences = paired_differences(_tables(first, clips), _tables(second, clips), seed=SEED)
    return {"clips": len(clips)} | {key: asdict(found) for key, found in differences.items()}


def _clips(runs: Runs) -> set[str]:
    """The clips that every seed has tested: a study may be stopped anywhere."""
    tested = [{row.clip for row in outcome.predictions} for outcome in runs.values()]
    return set.intersection(*tested) if tested else set()


def _tables(runs: Runs, clips: set[str]) -> Table:
    """(seeds, subjects, L, L) of these clips."""
    return np.stack(
        [
            np.stack(
                list(
                    subject_tables(
                        [row for row in outcome.predictions if row.clip in clips], outcome.classes
                    ).values()
                )
            )
            for outcome in runs.values()
        ]
    )


def _cost(unit: Unit, n_classes: int) -> Cost:
    # how the clips are sampled and labelled changes nothing in it
    sampling = {"sampling": "cache", "redraw": True, **SamplingSettings().model_dump()}
    same = {"seed": 0, "protocol": "cde", **sampling}
    return _counted(unit.settings.model_copy(update=same).model_dump_json(), n_classes)


@cache
def _counted(settings: str, n_classes: int) -> Cost:
    return count_cost(TrainSettings.model_validate_json(settings), n_classes)


def _fold_seconds(runs: Runs) -> float:
    seconds = (done["seconds"] for outcome in runs.values() for done in outcome.done.values())
    return float(median(seconds))


def _judge(claim: Claim, runs: Mapping[str, Runs]) -> dict[str, Any]:
    """What the runs say of a claim about UF1.

    That no difference was found does not show two rows to be alike: either kind of claim is then
    "not told apart".
    """
    first, second = claim.rows
    judged: dict[str, Any] = {"first": first, "second": second, "alike": bool(claim.alike)}
    difference = _difference(runs[first], runs[second])
    if difference is None:
        return judged | {"verdict": "not run", "difference": None}
    uf1 = difference["uf1"]
    if uf1["p"] is None:
        verdict = "not tested, one subject"
    elif uf1["p"] >= _SURE:
        verdict = "not told apart"
    else:
        verdict = "supported" if uf1["value"] > 0 and not claim.alike else "contradicted"
    return judged | {"verdict": verdict, "difference": difference}


def _integrity(study: Study, done: Sequence[Outcome]) -> dict[str, list[str]]:
    """What all results of the study are of; more than one value where they differ."""
    shown = {
        "protocol": [outcome.results["protocol"] for outcome in done],
        "selection": [outcome.results["selection"] for outcome in done],
        "seeds": list(map(str, study.seeds)),
        "folds": ["{done} of {all}".format(**outcome.results["folds"]) for outcome in done],
        "cache": [outcome.results["cache_digest"] for outcome in done],
    }
    return {name: list(dict.fromkeys(values)) for name, values in shown.items()}
