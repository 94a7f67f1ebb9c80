"""Assembly: turns caches into the clips of a run, sampled and labelled as its settings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from raicl.data.protocols.protocol import Protocol, load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.composite import Composite, check_classes
from raicl.train.clips.folds import Fold, make_folds
from raicl.train.clips.inner import check_inner
from raicl.train.clips.measured import check_measure
from raicl.train.clips.resample import resample
from raicl.train.settings import TrainSettings


def plan(
    flows: Sequence[Path], settings: TrainSettings, *, test: Sequence[Path] = ()
) -> tuple[Composite, tuple[Fold, ...]]:
    """The clips of a run and all its folds. Nothing is trained.

    Parameters
    ----------
    test : caches that are only tested. If there are any, `flows` are only trained on.

    Raises
    ------
    UsageError : no such protocol, or see `make_folds`.
    InputError : see `assemble`, `make_folds` and `check_inner`.
    """
    composite = assemble(flows, load_protocol(settings.protocol), settings, test=test)
    folds = make_folds(composite, settings)
    if settings.calibration == "inner":
        check_inner(composite, folds)
    return composite, folds


def assemble(
    flows: Sequence[Path],
    protocol: Protocol,
    settings: TrainSettings,
    *,
    test: Sequence[Path] = (),
) -> Composite:
    """Open caches, choose their frames and label their clips. A control shuffles the labels.

    Raises
    ------
    UsageError : see `check_measure`.
    InputError : see `compose`, `resample` and `controlled`.
    """
    prepared = settings.sampling == "cache"
    composite = compose(flows, protocol, test=test, as_prepared=prepared)
    check_measure(composite, settings)
    return controlled(resample(composite, settings), settings)


def controlled(composite: Composite, settings: TrainSettings) -> Composite:
    """The clips with shuffled labels if the run is a control. Folds are made afterwards.

    Raises
    ------
    InputError : the shuffled labels leave fewer than two classes to train on.
    """
    if settings.control == "none":
        return composite
    shuffled = shuffle_labels(composite, settings.seed)
    check_classes(shuffled)
    return shuffled


def shuffle_labels(composite: Composite, seed: int) -> Composite:
    """The same clips with their labels permuted among all of them."""
    clips = sorted(composite.labels)
    labels = np.random.default_rng(seed).permutation([composite.labels[clip] for clip in clips])
    shuffled = {clip: int(label) for clip, label in zip(clips, labels, strict=True)}
    return replace(composite, labels=shuffled)
