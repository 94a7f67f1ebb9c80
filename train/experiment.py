"""Experiment: what all folds of a run have in common."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from raicl.train.composite import Composite
from raicl.train.folds import Fold
from raicl.train.runs import Run
from raicl.train.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What does not change from fold to fold.

    Attributes
    ----------
    draw : make pictures.
    jobs : folds at a time; more than one have a process each.
    """

    composite: Composite
    settings: TrainSettings
    folds: tuple[Fold, ...]
    device: torch.device
    run: Run
    draw: bool = True
    jobs: int = 1

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names of the protocol."""
        return self.composite.classes

    def label(self, fold: Fold) -> str:
        """A fold among all of the run, as in ``[ 3/24] casme2/sub03``."""
        total, place = len(self.folds), self.folds.index(fold) + 1
        return f"[{place:>{len(str(total))}}/{total}] {fold.subject}"
