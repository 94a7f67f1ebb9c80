"""Study: every row and seed of a grid as a run of its own, whichever process gets to it first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.console import say
from raicl.common.errors import ConflictError, HeldError, InputError, PartialError, RaiclError
from raicl.common.settings import merge
from raicl.data.protocols import load_protocol
from raicl.train.ablation.grid import Grid, Layers
from raicl.train.assembly import assemble
from raicl.train.composite import Composite
from raicl.train.device import resolve_device
from raicl.train.experiment import Experiment
from raicl.train.folds import Fold, leave_one_subject_out
from raicl.train.loso import cross_validate
from raicl.train.runs import Run, open_run
from raicl.train.selection import select_folds
from raicl.train.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One row under one seed: an ordinary run, which `raicl-train` would continue too.

    Attributes
    ----------
    folder : ``ROW/seed-N`` below the study's.
    """

    row: str
    seed: int
    settings: TrainSettings
    flows: tuple[Path, ...]
    folder: Path

    @property
    def name(self) -> str:
        """The unit in words."""
        return f"{self.row}, seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is to be run, and how.

    Attributes
    ----------
    units : seeds outermost, so that a study which is stopped has whole rows of the first ones.
    selection : values of ``--fold``.
    """

    grid: Grid
    seeds: tuple[int, ...]
    units: tuple[Unit, ...]
    selection: tuple[str, ...]
    folder: Path
    jobs: int = 1


def plan_units(
    grid: Grid, seeds: Sequence[int], flows: Sequence[Path], base: Layers, folder: Path
) -> tuple[Unit, ...]:
    """Every unit of a study.

    Parameters
    ----------
    base : layers of settings that all rows share; a row's own stand above them.

    Raises
    ------
    UsageError : a row has a setting that does not exist, or a value out of bounds.
    """
    return tuple(
        Unit(
            row=name,
            seed=seed,
            settings=merge(TrainSettings, *base, *row.layers(name), ("--seeds", {"seed": seed})),
            flows=row.caches(flows),
            folder=folder / name / f"seed-{seed}",
        )
        for seed in seeds
        for name, row in grid.rows.items()
    )


def run_study(study: Study) -> dict[str, str]:
    """Run what is missing; a row that fails costs that row.

    A unit that another process is at is passed over and looked at again in the end, so that
    several processes given the same command share the work.

    Returns
    -------
    Reasons by unit (its name) of those that are not complete.
    """
    reasons: dict[str, str] = {}
    waiting = [unit for unit in study.units if not is_finished(unit, study.selection)]
    say(f"{len(study.units) - len(waiting)} of {len(study.units)} units are finished already")
    started, held = time.monotonic(), []
    for number, unit in enumerate(waiting):
        say(f"{unit.name}: {number} of {len(waiting)} done{_left(started, number, len(waiting))}")
        try:
            _note(unit, run_unit(unit, study), reasons)
        except HeldError:
            held.append(unit)
            say(f"{unit.name}: another process is at it")
    for unit in held:
        if not is_finished(unit, study.selection):
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
    Why it could not be run, or why some of its folds failed; empty where all went well.

    Raises
    ------
    HeldError : another process is at it.
    """
    try:
        composite, folds, chosen = _inputs(unit, study.selection)
        experiment = Experiment(
            composite=composite,
            settings=unit.settings,
            folds=folds,
            device=resolve_device(unit.settings.device),
            run=open_run(unit.folder, composite, unit.settings),
            draw=False,
            jobs=study.jobs,
        )
        failed: dict[str, str] = cross_validate(experiment, chosen)["failed"]
    except (InputError, PartialError, ConflictError) as error:
        if isinstance(error, HeldError):
            raise
        return str(error)
    return "; ".join(failed.values())


def is_finished(unit: Unit, selection: Sequence[str]) -> bool:
    """Whether every chosen fold is finished and pooled."""
    if not (unit.folder / "results.json").is_file():
        return False
    try:
        _, _, chosen = _inputs(unit, selection)
    except RaiclError:
        return False  # running it says why
    run = Run(unit.folder)
    return all(run.finished(fold) for fold in chosen)


def _inputs(
    unit: Unit, selection: Sequence[str]
) -> tuple[Composite, tuple[Fold, ...], tuple[Fold, ...]]:
    """The clips of a unit, all folds, and the chosen ones."""
    composite = assemble(unit.flows, load_protocol(unit.settings.protocol), unit.settings)
    folds = leave_one_subject_out(composite.clips)
    return composite, folds, select_folds(folds, selection, note=say)


def _left(started: float, done: int, units: int) -> str:
    minutes = (time.monotonic() - started) / max(done, 1) * (units - done) / 60
    return f", about {minutes:.0f} min left" if done else ""
