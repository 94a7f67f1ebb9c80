"""Study: every row and seed of a grid is a run of its own. Several processes can share them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from raicl.common.cluster.client import Cluster
from raicl.common.errors import (
    ConflictError,
    HeldError,
    InputError,
    PartialError,
    ResourceError,
)
from raicl.common.terminal.console import say
from raicl.train.ablation.grid import Grid
from raicl.train.ablation.units import Unit
from raicl.train.clips.composite import Composite
from raicl.train.clips.fold_option import choose_folds
from raicl.train.clips.folds import Fold
from raicl.train.clips.plan import plan
from raicl.train.run.cross_validate import cross_validate
from raicl.train.run.device import choose_device
from raicl.train.run.experiment import Experiment
from raicl.train.run.folder import Run
from raicl.train.run.jobs import choose_jobs
from raicl.train.run.opening import check_same, open_run
from raicl.train.run.reuse import trained_alike
from raicl.train.run.work import count_work


@dataclass(frozen=True, kw_only=True)
class Study:
    """What to run, and how.

    Attributes
    ----------
    units : ordered by seed, then by row, so that an interrupted study has all rows of the first
        seeds.
    folds : names of the chosen folds. None for all folds of each row.
    share : the part of the units that this process runs. None for all.
    jobs : folds at a time. None to leave it to `choose_jobs`.
    cluster : whose workers run the folds, in place of `jobs` processes here.
    """

    grid: Grid
    seeds: tuple[int, ...]
    units: tuple[Unit, ...]
    folds: frozenset[str] | None
    folder: Path
    jobs: int | None = None
    share: tuple[Unit, ...] | None = None
    cluster: Cluster | None = None

    @property
    def own(self) -> tuple[Unit, ...]:
        """The units that this process runs."""
        return self.units if self.share is None else self.share


def run_study(study: Study) -> dict[str, str]:
    """Run what is missing. If a unit fails, the others continue.

    A unit that another process is running is skipped, and tried again at the end. Several processes
    with the same command thus share the work.

    Returns
    -------
    Reasons of the units that are not complete, by name of the unit.

    Raises
    ------
    ConflictError : a unit's folder belongs to a run with other settings or instances.
    """
    reasons: dict[str, str] = {}
    missing = {unit: missing_folds(unit, study.folds) for unit in study.own}
    waiting = {unit: folds for unit, folds in missing.items() if folds is not None}
    say(f"{len(missing) - len(waiting)} of {len(missing)} units are finished already")
    started, held, done, folds = time.monotonic(), [], 0, sum(waiting.values())
    for number, (unit, of_unit) in enumerate(waiting.items(), start=1):
        left = _left(started, done, folds)
        say(f"{unit.name}: unit {number} of {len(waiting)}, {done} of {folds} folds done{left}")
        try:
            _note(unit, run_unit(unit, study), reasons)
            done += of_unit
        except HeldError:
            held.append(unit)
            folds -= of_unit  # the other process runs these
            say(f"{unit.name}: another process is at it")
    for unit in held:
        if missing_folds(unit, study.folds) is not None:
            try:
                _note(unit, run_unit(unit, study), reasons)
            except HeldError:
                reasons[unit.name] = "another process is at it"
    return reasons


def _note(unit: Unit, failed: str, reasons: dict[str, str]) -> None:
    if failed:
        reasons[unit.name] = failed
        say(f"{unit.name} failed: {failed}")


def run_unit(unit: Unit, study: Study) -> str:
    """Run one unit to its end.

    Returns
    -------
    Why it could not be run, or why some of its folds failed. Empty if all went well.

    Raises
    ------
    HeldError : another process is running it.
    """
    try:
        composite, folds, chosen = planned(unit, study.folds)
        if study.cluster is not None:
            composite = composite.at_absolute_paths()
        device = choose_device(unit.settings)
        experiment = Experiment(
            composite=composite,
            settings=unit.settings,
            folds=folds,
            device=device,
            run=open_run(unit.folder, composite, unit.settings),
            draw=False,
            jobs=jobs_of(unit, study, composite, chosen, device),
            cluster=study.cluster,
            trained=trained_alike(
                unit.settings,
                {o.folder: o.settings for o in study.units if o.flows == unit.flows},
            ),
        )
        failed = cross_validate(experiment, chosen).failed
    except (InputError, PartialError, ConflictError, ResourceError) as error:
        if isinstance(error, HeldError):
            raise
        return str(error)
    return "; ".join(failed.values())


def jobs_of(
    unit: Unit, study: Study, composite: Composite, folds: Sequence[Fold], device: torch.device
) -> int:
    """Folds of a unit at a time, see `choose_jobs`.

    Parameters
    ----------
    folds : those that are chosen, finished or not.
    """
    missing = [fold for fold in folds if not Run(unit.folder).finished(fold)]
    work = count_work(composite, missing, unit.settings, device)
    n_classes = len(composite.classes)
    return choose_jobs(study.jobs, work, unit.settings, device, n_classes=n_classes)


def name_folds(unit: Unit, asked: Sequence[str]) -> frozenset[str] | None:
    """Names of the folds that ``--fold`` chooses among those of a unit. None for all.

    Names, because a row that leaves out subjects numbers its folds differently.

    Raises
    ------
    UsageError : no such fold.
    InputError : the caches lack what the unit's settings need.
    """
    if list(asked) == ["all"]:
        return None
    _, folds = plan(unit.flows, unit.settings)
    return frozenset(fold.name for fold in choose_folds(folds, asked, note=say))


def missing_folds(unit: Unit, names: frozenset[str] | None) -> int | None:
    """Number of chosen folds that remain to be trained. None if the unit is finished and pooled.

    It is 0 if the caches lack what the row needs. Running the unit then says why.

    Raises
    ------
    ConflictError : the folder belongs to a run with other settings or instances, which must not
        enter this study's table.
    """
    try:
        composite, folds, chosen = planned(unit, names)
    except InputError:
        return 0
    run = Run(unit.folder)
    if not run.begun:
        return len(chosen)
    check_same(unit.folder, composite, unit.settings)
    missing = sum(not run.finished(fold) for fold in chosen)
    return None if not missing and run.pooled(folds) else missing


def planned(
    unit: Unit, names: frozenset[str] | None
) -> tuple[Composite, tuple[Fold, ...], tuple[Fold, ...]]:
    """The clips of a unit, all folds, and the chosen ones.

    Raises
    ------
    InputError : the caches lack what the unit's settings need.
    """
    composite, folds = plan(unit.flows, unit.settings)
    chosen = tuple(fold for fold in folds if names is None or fold.name in names)
    if not chosen:
        raise InputError("none of the folds asked for has clips that this row can sample")
    return composite, folds, chosen


def _left(started: float, done: int, folds: int) -> str:
    minutes = (time.monotonic() - started) / max(done, 1) * (folds - done) / 60
    return f", about {minutes:.0f} min left" if done else ""
