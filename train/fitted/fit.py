"""READ FIRST. A model for use: one network learns from every clip, and is saved with its card.

Training is that of a fold that tests nobody (`raicl.train.fold.fit.fit_fold`), so there is no
score. A leave-one-subject-out run of the same settings and clips may stand for it (see `scores`).

While it trains, everything is in ``OUT.training``, which is a run folder. The finished folder is
renamed to ``OUT`` as a whole.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from raicl.common.errors import ConflictError
from raicl.common.files import replace_folder, write_atomic
from raicl.common.versioned import read_versioned
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold, every_clip
from raicl.train.fitted.folder import FITTED, is_whole, verify
from raicl.train.fitted.load import read_fitted
from raicl.train.fitted.records import ScoresOfRun
from raicl.train.fitted.save import Trained, save_model, tell
from raicl.train.fold.calibration import Calibration, calibrate
from raicl.train.fold.fit import Output, fit_fold
from raicl.train.inputs.instances import Instances, load_instances
from raicl.train.run.device import (
    describe_device,
    make_repeatable,
    memory_of,
    return_freed_memory,
)
from raicl.train.run.folder import ENVIRONMENT, Run
from raicl.train.run.opening import Named, differences, open_run
from raicl.train.run.records import Environment
from raicl.train.settings import TrainSettings
from raicl.train.settings.train import in_bytes

OUT = Named("--out", "raicl fit")
_READY, _OLD = "model", "old"  # in the folder of the training


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What a model is fitted on, and how.

    Attributes
    ----------
    out : folder of the model, without links.
    scores : the run that stands for it. None for none, or for the one that it names already.
    """

    composite: Composite
    settings: TrainSettings
    device: torch.device
    out: Path
    scores: ScoresOfRun | None = None

    @property
    def fold(self) -> Fold:
        """Every clip to train on, and none to test."""
        return every_clip(self.composite)

    @property
    def work(self) -> Path:
        """Where it is while it trains."""
        return self.out.with_name(f"{self.out.name}.training")


def fit_model(fit: Fit, *, overwrite: bool = False) -> None:
    """Fit a model, or go on where that was interrupted. A finished one gets the scores it lacks.

    Parameters
    ----------
    overwrite : remove what is there and start anew.

    Raises
    ------
    ConflictError : the output belongs to another experiment or is no model, or another process is
        fitting it.
    FoldError : a loss is not finite, or the device has run out of memory.
    InputError : the output is damaged, or cannot be written.
    """
    check_output(fit, overwrite=overwrite)
    run = open_run(fit.work, fit.composite, fit.settings, overwrite=overwrite, named=OUT)
    ready = fit.work / _READY
    with run.hold(fit.fold) as folder:
        if overwrite:
            _remove(fit.out, ready)
        check_output(fit)  # again, now that no other process can finish it
        if is_whole(fit.out):
            run.log(f"the model is fitted already: {fit.out}")
        elif not is_whole(ready):
            _train(fit, run, folder, ready)
        if is_whole(ready):
            _publish(fit, ready)
        if fit.scores is not None and read_fitted(fit.out).scores != fit.scores:
            _add_scores(fit, ready)
            _publish(fit, ready)
    _remove(fit.work)


def check_output(fit: Fit, *, overwrite: bool = False) -> None:
    """Check that the output is absent, an empty folder, or a model of this experiment.

    Parameters
    ----------
    overwrite : any model will do, because it is replaced.

    Raises
    ------
    ConflictError : it is something else, or the model of another experiment.
    InputError : it is a model that is damaged.
    """
    out = fit.out
    if not is_whole(out):
        if out.is_file() or (out.is_dir() and any(out.iterdir())):
            raise ConflictError(
                "the output exists and is not a model", where=str(out), fix="choose another --out"
            )
        return
    if overwrite:
        return
    verify(out)
    found = read_fitted(out)
    changed = differences(found.settings, found.environment, fit.composite, fit.settings)
    if changed:
        raise ConflictError(
            f"the output is the model of another experiment: {'; '.join(changed)}",
            where=str(out),
            fix=OUT.fix,
        )


def _train(fit: Fit, run: Run, folder: Path, ready: Path) -> None:
    """Train on every clip, and write the finished folder beside the checkpoints."""
    composite, settings, fold = fit.composite, fit.settings, fit.fold
    sources = composite.records.values()
    instances = load_instances(
        [stored for stored in sources if composite.trains(stored.record.clip)],
        size=settings.size,
        device=fit.device,
        where=settings.instances,
        budget=in_bytes(settings.memory_budget),
        scratch=run.folder,
        fitted=composite.fitted,
    )
    return_freed_memory()
    make_repeatable(settings)
    both = settings.calibration != "none"
    output = Output(folder=folder, say=run.log, folds_after=int(both))
    try:
        with memory_of(fit.device):
            model, scale = fit_fold(
                fold,
                instances,
                composite.labels,
                settings,
                n_classes=len(composite.classes),
                device=fit.device,
                output=output,
            )
            calibration = _calibrated(fit, instances, output)
    finally:
        instances.close()
    begun = read_versioned(run.folder / ENVIRONMENT, Environment, fix=OUT.fix)
    trained = Trained(model, scale, describe_device(fit.device), folder, begun, calibration)
    _remove(ready)  # of a process that was killed while it wrote there
    ready.mkdir()
    save_model(ready, trained, composite, fold, settings)
    tell(ready, fit.out.name, fit.scores)


def _calibrated(fit: Fit, instances: Instances, output: Output) -> Calibration | None:
    """The temperature, as a fold of the same settings finds its own."""
    composite, fold = fit.composite, fit.fold
    return calibrate(
        fold,
        instances,
        composite.labels,
        composite.subjects(fold.train),
        fit.settings,
        n_classes=len(composite.classes),
        device=fit.device,
        output=replace(output, folds_after=0),
    )


def _add_scores(fit: Fit, ready: Path) -> None:
    """The finished model with the scores of a run, and a new card. The weights stay."""
    _remove(ready)
    ready.mkdir()
    for name in FITTED:
        write_atomic(ready / name, (fit.out / name).read_bytes())
    tell(ready, fit.out.name, fit.scores)


def _publish(fit: Fit, ready: Path) -> None:
    """Put the finished folder in its place. A killed process leaves it whole in one of the two."""
    if is_whole(fit.out):
        _remove(fit.work / _OLD)
        replace_folder(fit.out, fit.work / _OLD)
    replace_folder(ready, fit.out)


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
