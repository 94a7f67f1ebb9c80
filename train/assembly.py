"""Assembly: caches become the clips of a run, sampled and labelled as its settings say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raicl.data.protocols import Protocol
from raicl.train.composite import Composite, compose
from raicl.train.controls import controlled
from raicl.train.sampling import resample
from raicl.train.settings import TrainSettings


def assemble(flows: Sequence[Path], protocol: Protocol, settings: TrainSettings) -> Composite:
    """Open caches, choose their frames and label their clips; a control shuffles the labels.

    Raises
    ------
    InputError : see `compose`, `resample` and `controlled`.
    """
    composite = compose(flows, protocol, as_prepared=settings.sampling == "cache")
    return controlled(resample(composite, settings), settings)
