"""Experiment: what all folds of a run have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from raicl.common.cluster.client import Cluster
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold
from raicl.train.run.folder import Run
from raicl.train.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What does not change from fold to fold.

    Attributes
    ----------
    draw : make pictures.
    jobs : number of folds at a time. If there are several, each has a process of its own.
    tensorboard : write event files.
    trained : other runs that train alike, see `raicl.train.run.reuse`. A fold that one of them has
        finished is not trained again.
    cluster : whose workers run the folds, in place of processes here. A worker has none.
    oracle : also classify the held-out clips after every epoch, see `raicl.train.fold.oracle`.
    """

    composite: Composite
    settings: TrainSettings
    folds: tuple[Fold, ...]
    device: torch.device
    run: Run
    draw: bool = True
    jobs: int = 1
    tensorboard: bool = False
    oracle: bool = False
    trained: tuple[Run, ...] = ()
    cluster: Cluster | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names of the protocol."""
        return self.composite.classes

    def events_folder(self, fold: Fold) -> Path | None:
        """Folder of a fold's event files, ``tensorboard/DATASET/SUBJECT``. None without them."""
        return self.run.events_folder(fold) if self.tensorboard else None

    def label(self, fold: Fold) -> str:
        """A fold and its place among all folds of the run, as in ``[ 3/24] casme2/sub03``."""
        total, place = len(self.folds), self.folds.index(fold) + 1
        return f"[{place:>{len(str(total))}}/{total}] {fold.name}"
