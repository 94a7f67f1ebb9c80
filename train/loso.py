"""Leave-one-subject-out: the folds one after another, then their predictions pooled."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from raicl.common.errors import PartialError
from raicl.common.files import write_json
from raicl.train import pictures
from raicl.train.checkpoint import remove_states, save_tensors
from raicl.train.composite import Composite
from raicl.train.device import describe_device
from raicl.train.fit import fit_fold
from raicl.train.folds import Fold, FoldError
from raicl.train.instances import Instances, load_instances
from raicl.train.predict import attend, predict
from raicl.train.predictions import Prediction, write_predictions
from raicl.train.report.summary import summarise
from raicl.train.runs import Run
from raicl.train.settings import TrainSettings

SELECTION = "last epoch of a fixed budget"


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What does not change from fold to fold."""

    composite: Composite
    settings: TrainSettings
    folds: tuple[Fold, ...]
    device: torch.device
    run: Run
    draw: bool = True

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names of the protocol."""
        return self.composite.classes


def cross_validate(experiment: Experiment, chosen: Sequence[Fold]) -> dict[str, Any]:
    """Run the chosen folds that are not finished and pool every finished one of the run.

    A fold that fails costs that fold: its reason stands in the results under ``failed``.

    Returns
    -------
    The content of ``results.json``.

    Raises
    ------
    PartialError : no fold is finished.
    """
    run = experiment.run
    missing = [fold for fold in chosen if not run.finished(fold)]
    if len(missing) < len(chosen):
        run.log(f"{len(chosen) - len(missing)} of {len(chosen)} folds are finished already")
    failed = _run_folds(experiment, missing) if missing else {}
    return pool(experiment, failed)


def _run_folds(experiment: Experiment, missing: Sequence[Fold]) -> dict[str, str]:
    """Run folds one after another; reasons by subject of those that failed."""
    run, failed = experiment.run, {}
    instances = load_instances(
        experiment.composite.records.values(),
        size=experiment.settings.size,
        device=experiment.device,
        where=experiment.settings.instances,
    )
    started = time.perf_counter()
    try:
        for done, fold in enumerate(missing, start=1):
            began = time.perf_counter()
            try:
                with run.hold(fold) as folder:
                    if run.finished(fold):  # by another process, while this one was busy
                        continue
                    predictions = _run_fold(experiment, fold, instances, folder)
            except FoldError as error:
                failed[fold.subject] = str(error)
                run.log(f"fold {fold.subject} failed: {error}; {error.fix}")
                continue
            now = time.perf_counter()
            left = (now - started) / done * (len(missing) - done)
            run.log(_fold_line(experiment, fold, predictions, now - began, left))
    finally:
        instances.close()
    return failed


def _run_fold(
    experiment: Experiment, fold: Fold, instances: Instances, folder: Path
) -> list[Prediction]:
    """Train, predict and save one fold; ``done.json`` comes last."""
    composite, settings, run = experiment.composite, experiment.settings, experiment.run
    _note_absent_classes(experiment, fold)
    started = time.perf_counter()
    try:
        model, scale = fit_fold(
            fold,
            instances,
            composite.labels,
            settings,
            n_classes=len(experiment.classes),
            device=experiment.device,
            folder=folder,
            say=run.log,
        )
        predictions = predict(
            model,
            instances,
            scale,
            clips=fold.test,
            subject=fold.subject,
            labels=composite.labels,
        )
    except torch.OutOfMemoryError as error:
        raise FoldError(
            f"out of memory on {experiment.device}", fix="lower --batch-size or --size"
        ) from error
    write_predictions(folder / "predictions.csv", predictions, experiment.classes)
    save_tensors(folder / "weights.safetensors", model.inference_state())
    if experiment.draw:
        seen = attend(model, instances, scale, predictions[0])
        cache, record = composite.records[predictions[0].clip]
        title = f"{record.id}: {experiment.classes[predictions[0].predicted]}"
        pictures.draw_attention(
            folder / "attention.png", face=cache.read(record).onset_face, seen=seen, title=title
        )
    values = {
        "subject": fold.subject,
        "epochs": settings.epochs,
        "seed": settings.seed + fold.index,
        "clips": len(predictions),
        "correct": sum(row.truth == row.predicted for row in predictions),
        "scale": asdict(scale),
        "network": settings.infer_network,
        "class_counts": composite.class_counts(fold.train),
        "seconds": round(time.perf_counter() - started, 3),
    }
    run.finish(fold, values)
    remove_states(folder)  # after the fold is declared finished, never before
    return predictions


def pool(experiment: Experiment, failed: Mapping[str, str]) -> dict[str, Any]:
    """Pool the finished folds of a run into ``predictions.csv`` and ``results.json``.

    Parameters
    ----------
    failed : reasons by subject, kept with the results.

    Raises
    ------
    PartialError : no fold is finished.
    """
    run, composite = experiment.run, experiment.composite
    with run.pooling():
        finished = [fold for fold in experiment.folds if run.finished(fold)]
        if not finished:
            raise PartialError(
                f"no fold is finished: {'; '.join(failed.values())}",
                where=str(run.folder),
                fix="mend the cause; the same command tries them again",
            )
        rows = [row for fold in finished for row in run.predictions(fold, experiment.classes)]
        scores = summarise(rows, experiment.classes, seed=experiment.settings.seed)
        results = {
            **scores,
            "protocol": composite.protocol.name,
            "sheets": composite.sheets,
            "official_list": composite.official,
            "selection": SELECTION,
            "seed": experiment.settings.seed,
            "folds": {"done": len(finished), "all": len(experiment.folds)},
            "failed": dict(failed),
            "outside_protocol": dict(composite.outside),
            "left_out": dict(composite.left_out),
            "cache_digest": composite.digest,
            "device": describe_device(experiment.device),
            "run_dir": str(run.folder),
        }
        write_predictions(run.folder / "predictions.csv", rows, experiment.classes)
        write_json(run.folder / "results.json", results)
        if experiment.draw:
            path = run.folder / "confusion.png"
            pictures.draw_confusion(path, scores["confusion"], experiment.classes)
    return results


def _note_absent_classes(experiment: Experiment, fold: Fold) -> None:
    counts = experiment.composite.class_counts(fold.train)
    absent = [name for name, n in zip(experiment.classes, counts, strict=True) if n == 0]
    if absent:
        experiment.run.log(f"note: fold {fold.subject} trains without {', '.join(absent)}")


def _fold_line(
    experiment: Experiment,
    fold: Fold,
    predictions: Sequence[Prediction],
    seconds: float,
    left: float,
) -> str:
    total = len(experiment.folds)
    right = np.mean([row.truth == row.predicted for row in predictions])
    time_left = f"about {left / 60:.0f} min" if left >= 90 else f"about {left:.0f} s"
    return (
        f"[{fold.index + 1:>{len(str(total))}}/{total}] {fold.subject}  {len(predictions)} clips  "
        f"acc {right:.2f}  ({seconds:.0f} s{f', {time_left} left' if left else ''})"
    )
