"""Experiment: what all folds of a run have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

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
    jobs : folds at a time; more than one have a process each.
    tensorboard : write event files.
    oracle : also classify the held-out clips after every epoch, see `oracle`.
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

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names of the protocol."""
        return self.composite.classes

    def events_folder(self, fold: Fold) -> Path | None:
        """Where a fold's event files go, ``tensorboard/DATASET/SUBJECT``; None for none."""
        return self.run.events_folder(fold) if self.tensorboard else None

    def label(self, fold: Fold) -> str:
        """A fold among all of the run, as in ``[ 3/24] casme2/sub03``."""
        total, place = len(self.folds), self.folds.index(fold) + 1
        return f"[{place:>{len(str(total))}}/{total}] {fold.name}"
