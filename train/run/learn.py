"""Learn: the network of a fold, its scale and its temperature, from the training clips alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from raicl.train.clips.folds import Fold
from raicl.train.fold.calibration import (
    Calibration,
    calibrate,
    describe_calibration,
    temperature_of,
)
from raicl.train.fold.fit import Output, fit_fold
from raicl.train.fold.oracle import watch
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.scaling import Scale
from raicl.train.model.siamese import Siamese
from raicl.train.run.device import describe_device
from raicl.train.run.experiment import Experiment
from raicl.train.run.reuse import load_fold


class Learnt(NamedTuple):
    """What a fold tests with.

    Attributes
    ----------
    device : what trained the network, in words.
    calibration : None if the settings ask for none.
    """

    model: Siamese
    scale: Scale
    device: str
    calibration: Calibration | None

    @property
    def temperature(self) -> float:
        """What the logits are divided by."""
        return temperature_of(self.calibration)


def learn(
    experiment: Experiment, fold: Fold, instances: Instances, folder: Path, folds_after: int
) -> Learnt:
    """Train a fold and fit its temperature, or go on where that was interrupted.

    The network is trained first, so that it is the one of a run without calibration.

    Parameters
    ----------
    folder : folder of the fold.
    folds_after : number of folds trained after this one, only to estimate the time left.

    Raises
    ------
    FoldError : a loss or a logit is not finite.
    """
    output = _output(experiment, fold, folder, folds_after)
    model, scale, device = _trained(experiment, fold, instances, output)
    return Learnt(model, scale, device, _calibrated(experiment, fold, instances, output))


def _output(experiment: Experiment, fold: Fold, folder: Path, folds_after: int) -> Output:
    """Where a fold's files go. With a calibration each fold trains two networks."""
    each = 1 if experiment.settings.calibration == "none" else 2
    return Output(
        folder=folder,
        say=experiment.run.log,
        label=experiment.label(fold),
        folds_after=each * folds_after + each - 1,
        events=experiment.events_folder(fold),
    )


def _trained(
    experiment: Experiment, fold: Fold, instances: Instances, output: Output
) -> tuple[Siamese, Scale, str]:
    """The networks and the scale of a fold, and what trained them: another run, or this one."""
    composite, run, settings = experiment.composite, experiment.run, experiment.settings
    source = next((other for other in experiment.trained if other.finished(fold)), None)
    if source is not None:
        run.log(f"fold {fold.name} was trained in {source.folder}, and is tested again")
        counts = composite.class_counts(fold.train)
        model, scale = load_fold(
            source, fold, settings, counts=counts, device=experiment.device, folder=output.folder
        )
        return model, scale, source.record(fold).device
    model, scale = fit_fold(
        fold,
        instances,
        composite.labels,
        settings,
        n_classes=len(experiment.classes),
        device=experiment.device,
        output=output,
        observe=watch(output.folder, instances, fold.test) if experiment.oracle else None,
    )
    return model, scale, describe_device(experiment.device)


def _calibrated(
    experiment: Experiment, fold: Fold, instances: Instances, output: Output
) -> Calibration | None:
    """The temperature of a fold, from its training clips. None if the settings ask for none."""
    composite = experiment.composite
    found = calibrate(
        fold,
        instances,
        composite.labels,
        composite.subjects(fold.train),
        experiment.settings,
        n_classes=len(experiment.classes),
        device=experiment.device,
        output=replace(output, folds_after=max(output.folds_after - 1, 0)),
    )
    if found is not None:
        experiment.run.log(f"fold {fold.name}: {describe_calibration(found)}")
    return found
