"""Attempt: one fold in this process, trained, tested and saved."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from raicl.common.errors import HeldError
from raicl.train.clips.folds import Fold, FoldError
from raicl.train.fold import pictures
from raicl.train.fold.calibration import INNER
from raicl.train.fold.checkpoint import remove_states, save_tensors
from raicl.train.fold.inference import attend, predict
from raicl.train.fold.log import read_log
from raicl.train.inputs.instances import Instances, load_instances
from raicl.train.run.device import make_repeatable, memory_of, return_freed_memory
from raicl.train.run.experiment import Experiment
from raicl.train.run.folder import (
    ATTENTION,
    CLASSIFIER,
    PREDICTIONS,
    REGIONS,
    UNCALIBRATED,
    Run,
)
from raicl.train.run.learn import Learnt, learn
from raicl.train.run.records import FoldRecord
from raicl.train.scores.predictions import Prediction, write_predictions
from raicl.train.settings.train import in_bytes


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The outcome of an attempt at a fold.

    Attributes
    ----------
    clips, correct : number of tested clips, and of those given their true class. 0 if nothing was
        done.
    reason : why the fold failed. Empty if it did not.
    done : whether the fold was trained here. False if another process had finished it.
    """

    clips: int = 0
    correct: int = 0
    seconds: float = 0.0
    reason: str = ""
    done: bool = True


def attempt_fold(
    experiment: Experiment, fold: Fold, instances: Instances, *, folds_after: int = 0
) -> Attempt:
    """Train, test and save a fold, unless another process has finished it in the meantime.

    Parameters
    ----------
    folds_after : number of folds trained after this one, only to estimate the time left.

    Raises
    ------
    ConflictError : another process is training the fold.
    """
    began = time.perf_counter()
    try:
        with experiment.run.hold(fold) as folder:
            if experiment.run.finished(fold):  # by another process, while this one was busy
                return Attempt(done=False)
            make_repeatable(experiment.settings)
            rows = _run_fold(experiment, fold, instances, folder, folds_after)
    except FoldError as error:
        experiment.run.log(f"fold {fold.name} failed: {error}; {error.fix}")
        return Attempt(reason=str(error))
    seconds = time.perf_counter() - began
    return Attempt(clips=len(rows), correct=_correct(rows), seconds=seconds)


def experiment_instances(experiment: Experiment, *, shared: bool = False) -> Instances:
    """The instances of all folds, kept where the settings say. The caller closes them.

    Instances that are never used stay on disk, if their clip is only tested.

    Parameters
    ----------
    shared : see `load_instances`. If not, each of the experiment's jobs is taken to hold its own.
    """
    whole = experiment.settings.infer != "middle"
    composite = experiment.composite
    instances = load_instances(
        [
            stored
            if whole or composite.trains(stored.record.clip)
            else stored._replace(record=stored.record.middle_alone())
            for stored in composite.records.values()
        ],
        size=experiment.settings.size,
        device=experiment.device,
        where=experiment.settings.instances,
        processes=1 if shared else experiment.jobs,
        shared=shared,
        budget=in_bytes(experiment.settings.memory_budget),
        scratch=experiment.run.folder,
        fitted=composite.fitted,
    )
    return_freed_memory()
    return instances


def _run_fold(
    experiment: Experiment, fold: Fold, instances: Instances, folder: Path, folds_after: int
) -> list[Prediction]:
    """Train, predict and save one fold. ``done.json`` is written last."""
    composite, settings, run = experiment.composite, experiment.settings, experiment.run
    _note_absent_classes(experiment, fold)
    tested = _train_and_test(experiment, fold, instances, folder, folds_after)
    _save(experiment, tested, instances, folder)
    learnt, predictions = tested.learnt, tested.predictions
    finished = FoldRecord(
        held_out=fold.name,
        fold=fold.index,
        epochs=settings.epochs,
        seed=settings.seed + fold.index,
        clips=len(predictions),
        correct=_correct(predictions),
        scale=learnt.scale,
        network=settings.infer_network,
        class_counts=tuple(composite.class_counts(fold.train)),
        seconds=round(_epoch_seconds(folder) + tested.seconds, 3),
        device=learnt.device,
        digests=run.file_digests(fold),
        calibration=learnt.calibration,
    )
    run.finish(fold, finished)
    _remove_checkpoints(folder)  # after the fold is declared finished, never before
    return predictions


def tidy(run: Run, finished: Fold) -> None:
    """Remove the checkpoints of a finished fold whose process was killed before it did so."""
    folder = run.fold_folder(finished)
    if any(folder.glob("state-*")) or (folder / INNER).is_dir():
        with suppress(HeldError), run.hold(finished):  # who holds it is about to do the same
            _remove_checkpoints(folder)


def _remove_checkpoints(folder: Path) -> None:
    remove_states(folder)
    if (folder / INNER).is_dir():
        shutil.rmtree(folder / INNER)


class _Tested(NamedTuple):
    """A trained fold and its predictions.

    Attributes
    ----------
    uncalibrated : the predictions without a temperature. Empty if there is none.
    seconds : how long it took to test, s.
    """

    learnt: Learnt
    predictions: list[Prediction]
    uncalibrated: list[Prediction]
    seconds: float


def _train_and_test(
    experiment: Experiment, fold: Fold, instances: Instances, folder: Path, folds_after: int
) -> _Tested:
    with memory_of(experiment.device):
        learnt = learn(experiment, fold, instances, folder, folds_after)
        started = time.perf_counter()
        predictions = _predict(experiment, fold, instances, learnt, learnt.temperature)
        calibrated = learnt.calibration is not None
        before = _predict(experiment, fold, instances, learnt, 1.0) if calibrated else []
    return _Tested(learnt, predictions, before, time.perf_counter() - started)


def _predict(
    experiment: Experiment, fold: Fold, instances: Instances, learnt: Learnt, temperature: float
) -> list[Prediction]:
    composite = experiment.composite
    return predict(
        learnt.model,
        instances,
        learnt.scale,
        clips=fold.test,
        subjects=composite.subjects(fold.test),
        labels=composite.labels,
        temperature=temperature,
    )


def _save(experiment: Experiment, tested: _Tested, instances: Instances, folder: Path) -> None:
    """Write the predictions, the weights and the picture of a fold."""
    model, first = tested.learnt.model, tested.predictions[0]
    write_predictions(folder / PREDICTIONS, tested.predictions, experiment.classes)
    if tested.learnt.calibration is not None:
        write_predictions(folder / UNCALIBRATED, tested.uncalibrated, experiment.classes)
    save_tensors(folder / CLASSIFIER, model.inference_state())
    if model.tested.regions is not None:  # needed to draw the regions, not to classify
        save_tensors(folder / REGIONS, model.tested.regions.state_dict())
    if experiment.draw:
        seen = attend(model, instances, tested.learnt.scale, first)
        cache, record = experiment.composite.records[first.clip]
        title = f"{record.id}: {experiment.classes[first.predicted]}"
        pictures.draw_attention(
            folder / ATTENTION,
            face=cache.read(record).onset_face,
            seen=seen,
            title=title,
            unit=cache.measure.px,
        )


def _epoch_seconds(folder: Path) -> float:
    """Of all epochs, also of those of the network for the calibration."""
    logs = [read_log(place) for place in (folder, folder / INNER) if place.is_dir()]
    return sum(row["seconds"] or 0.0 for log in logs for row in log)


def _note_absent_classes(experiment: Experiment, fold: Fold) -> None:
    counts = experiment.composite.class_counts(fold.train)
    absent = [name for name, n in zip(experiment.classes, counts, strict=True) if n == 0]
    if absent:
        experiment.run.log(f"note: fold {fold.name} trains without {', '.join(absent)}")


def _correct(rows: Sequence[Prediction]) -> int:
    return sum(row.truth == row.predicted for row in rows)
