"""Reuse: a fold whose network another run has trained already is only tested again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from raicl.common.files import write_atomic
from raicl.train.clips.folds import Fold
from raicl.train.inputs.scaling import Scale
from raicl.train.model.siamese import Siamese
from raicl.train.run.digests import check_fold
from raicl.train.run.folder import Run
from raicl.train.run.key import identifying
from raicl.train.run.weights import load_network
from raicl.train.settings import TrainSettings

# what is done with a trained network; which network is saved (infer_network) is not among them
_TESTING = frozenset({"infer", "flip_average", "tested_frame", "calibration"})


def training(settings: TrainSettings) -> dict[str, Any]:
    """The settings that the saved networks depend on. Runs that agree in them train alike."""
    values = {k: value for k, value in identifying(settings).items() if k not in _TESTING}
    if settings.imbalance == "prior-correction":  # trains plainly and corrects at test
        values["imbalance"] = "none"
    return values


def trained_alike(settings: TrainSettings, others: Mapping[Path, TrainSettings]) -> tuple[Run, ...]:
    """The begun runs that train as `settings` say, among `others` by folder."""
    wanted = training(settings)
    alike = (Run(folder) for folder, other in others.items() if training(other) == wanted)
    return tuple(run for run in alike if run.begun)


def load_fold(
    source: Run,
    fold: Fold,
    settings: TrainSettings,
    *,
    counts: list[int],
    device: torch.device,
    folder: Path,
) -> tuple[Siamese, Scale]:
    """The networks and the scale that a run saved for a fold, as `fit_fold` would give them.

    The network that is not tested is not saved, so it has its initial weights. The log of the
    training is copied.

    Parameters
    ----------
    source : a run whose `training` is that of `settings`, on the same instances and labels, and
        which has finished the fold.
    counts : training clips by class.
    folder : folder of the fold in the run that is tested now.

    Raises
    ------
    InputError : a file of the fold was changed, or the saved weights are of another network.
    """
    there, record = source.fold_folder(fold), source.record(fold)
    check_fold(there, record, weights=False)  # those are checked as they are loaded
    model = Siamese(settings, len(counts), counts).to(device)
    load_network(model.tested, there, record)
    for name in ("log.jsonl", "log.csv"):
        write_atomic(folder / name, (there / name).read_bytes())
    return model, record.scale
