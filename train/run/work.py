"""Work: what a run has to do, counted before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold
from raicl.train.inputs.epoch import balanced_clips
from raicl.train.inputs.instances import room
from raicl.train.settings import TrainSettings
from raicl.train.settings.train import in_bytes

_INNER = 1.8  # networks of a fold with a calibration: the second learns from four fifths
_LONG = 5e10  # pairs times pixels of a run that takes hours on a CPU


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a run has to do, counted.

    Attributes
    ----------
    folds : folds that are not finished.
    pairs, steps : of all their epochs.
    clips, instances : that are read, of all folds together.
    instance_bytes : memory that the instances take.
    streamed : whether they are on disk instead.
    """

    folds: int
    epochs: int
    pairs: int
    steps: int
    clips: int
    instances: int
    instance_bytes: int
    streamed: bool


def count_work(
    composite: Composite, folds: Sequence[Fold], settings: TrainSettings, device: torch.device
) -> Work:
    """Count what `folds` have to do.

    Parameters
    ----------
    folds : those that are not finished.
    """
    networks = 1.0 if settings.calibration == "none" else _INNER
    pairs = [settings.pairs * clips_per_epoch(composite, fold, settings) for fold in folds]
    steps = [-(-of_fold // settings.batch_size) for of_fold in pairs]
    instances = sum(len(record.used_rows) for _, record in composite.records.values())
    n_bytes = 2 * 3 * settings.size**2 * instances
    given = in_bytes(settings.memory_budget)
    most = room(device) if given is None else given
    fits = settings.instances == "device" or n_bytes <= most
    return Work(
        folds=len(folds),
        epochs=settings.epochs,
        pairs=round(networks * sum(pairs) * settings.epochs),
        steps=round(networks * sum(steps) * settings.epochs),
        clips=len(composite.records),
        instances=instances,
        instance_bytes=n_bytes,
        streamed=settings.instances == "stream" or not fits,
    )


def is_long(work: Work, settings: TrainSettings) -> bool:
    """Whether a run is so long that measuring a few of its steps first is nothing beside it."""
    return work.pairs * settings.size**2 > _LONG


def clips_per_epoch(composite: Composite, fold: Fold, settings: TrainSettings) -> int:
    """Clips that an epoch draws pairs from, of which a balanced one repeats and leaves out some."""
    if settings.imbalance != "balanced-sampler":
        return len(fold.train)
    truth = [composite.labels[clip] for clip in fold.train]
    return len(balanced_clips(truth, np.random.default_rng(0)))
