"""Foreseen: what a study will take, from a few steps of each of its rows."""

from __future__ import annotations

from dataclasses import replace

from raicl.common.terminal.progress import duration
from raicl.train.ablation.study import Study, jobs_of, planned
from raicl.train.ablation.units import Unit
from raicl.train.run.device import resolve_device
from raicl.train.run.estimate import Estimate, estimate
from raicl.train.run.folder import Run
from raicl.train.run.reuse import training
from raicl.train.run.work import count_work


def foresee(study: Study) -> dict[str, Estimate]:
    """Estimates of the units of this process that have something to train, by name.

    A row is measured under its first seed. A unit that trains like an earlier one is left out,
    because it only tests the networks of that one.

    Raises
    ------
    InputError : the caches lack what a row needs.
    FoldError : a loss is not finite, or the device has run out of memory.
    """
    found: dict[str, Estimate] = {}
    measured: dict[str, Estimate] = {}
    seen: list[tuple[object, object]] = []
    for unit in study.own:
        trains = (training(unit.settings), unit.flows)
        if trains in seen:
            continue
        seen.append(trains)
        foreseen = _foresee(unit, study, measured.get(unit.row))
        if foreseen is not None:
            found[unit.name] = measured[unit.row] = foreseen
    return found


def describe_foreseen(found: dict[str, Estimate]) -> str:
    """A line per unit, and their sum."""
    total = duration(sum(one.seconds for one in found.values()))
    lines = [f"{name}: {str(one).removeprefix('estimate: ')}" for name, one in found.items()]
    return "\n".join([*lines, f"together about {total}" if found else "nothing is left to train"])


def _foresee(unit: Unit, study: Study, measured: Estimate | None) -> Estimate | None:
    """The estimate of one unit. None if all its folds are finished."""
    composite, _, chosen = planned(unit, study.folds)
    missing = [fold for fold in chosen if not Run(unit.folder).finished(fold)]
    if not missing:
        return None
    device = resolve_device(unit.settings.device)
    if measured is None:
        jobs = jobs_of(unit, study, composite, missing, device)
        return estimate(composite, missing, unit.settings, device, jobs=jobs)
    return replace(measured, work=count_work(composite, missing, unit.settings, device))
