"""Assembly: caches become the clips of a run, sampled and labelled as its settings say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raicl.data.protocols.protocol import Protocol, load_protocol
from raicl.train.clips.composite import Composite, compose
from raicl.train.clips.controls import controlled
from raicl.train.clips.folds import Fold, make_folds
from raicl.train.clips.resample import resample
from raicl.train.settings import TrainSettings


def plan(
    flows: Sequence[Path], settings: TrainSettings, *, test: Sequence[Path] = ()
) -> tuple[Composite, tuple[Fold, ...]]:
    """The clips of a run and all its folds; nothing is trained.

    Parameters
    ----------
    test : caches that are tested alone, those of `flows` then being trained on.

    Raises
    ------
    UsageError : no such protocol, or see `make_folds`.
    InputError : see `assemble` and `make_folds`.
    """
    composite = assemble(flows, load_protocol(settings.protocol), settings, test=test)
    return composite, make_folds(composite, settings)


def assemble(
    flows: Sequence[Path],
    protocol: Protocol,
    settings: TrainSettings,
    *,
    test: Sequence[Path] = (),
) -> Composite:
    """Open caches, choose their frames and label their clips; a control shuffles the labels.

    Raises
    ------
    InputError : see `compose`, `resample` and `controlled`.
    """
    prepared = settings.sampling == "cache"
    composite = compose(flows, protocol, test=test, as_prepared=prepared)
    return controlled(resample(composite, settings), settings)
