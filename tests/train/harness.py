"""A fold from a cache to its verdicts, by the functions that `raicl-train` calls, in memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from raicl.common.cache.flows import StoredClip, open_cache
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold, leave_one_subject_out
from raicl.train.fold.fit import Observer, Output, fit_fold
from raicl.train.fold.inference import predict
from raicl.train.inputs.instances import load_instances
from raicl.train.inputs.scaling import Scale
from raicl.train.model.siamese import Siamese
from raicl.train.scores.predictions import Prediction
from raicl.train.settings import TrainSettings

CPU = torch.device("cpu")
SIZE = 33  # px, of the caches and the networks of these tests
EMOTIONS = ("disgust", "happiness", "surprise")


class Data:
    """Instances in memory with their folds and the true class of every clip.

    Attributes
    ----------
    labels : by clip id, 0 to 2.
    """

    def __init__(
        self,
        sources: Sequence[StoredClip],
        labels: Mapping[str, int],
        device: torch.device = CPU,
        fitted: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self.instances = load_instances(
            sources, size=SIZE, device=device, where="device", fitted=fitted
        )
        self.folds = leave_one_subject_out([record.clip for _, record in sources])
        self.labels, self.device = labels, device

    @classmethod
    def of_cache(cls, path: Path, device: torch.device = CPU) -> "Data":
        """Every clip of a cache whose emotions are those of `EMOTIONS`."""
        cache = open_cache(path)
        labels = {record.id: EMOTIONS.index(record.clip.emotion) for record in cache.records}
        return cls([StoredClip(cache, record) for record in cache.records], labels, device)

    @classmethod
    def of_composite(cls, composite: Composite) -> "Data":
        """Every clip of a composite of three classes."""
        sources = list(composite.records.values())
        return cls(sources, composite.labels, fitted=composite.fitted)

    def fit(
        self,
        fold: Fold,
        settings: TrainSettings,
        folder: Path,
        *,
        labels: Mapping[str, int] | None = None,
        observe: Observer | None = None,
    ) -> tuple[Siamese, Scale]:
        """Train a fold, or go on with what lies in `folder`, which is made where it is missing.

        Parameters
        ----------
        labels : instead of the true ones.
        """
        folder.mkdir(parents=True, exist_ok=True)
        return fit_fold(
            fold,
            self.instances,
            self.labels if labels is None else labels,
            settings,
            n_classes=len(EMOTIONS),
            device=self.device,
            output=Output(folder=folder, say=print),
            observe=observe,
        )

    def predict(
        self,
        fitted: tuple[Siamese, Scale],
        clips: Sequence[str],
        *,
        labels: Mapping[str, int] | None = None,
    ) -> list[Prediction]:
        """Test what `fit` gave on some clips, whose subjects are those of their ids."""
        model, scale = fitted
        return predict(
            model,
            self.instances,
            scale,
            clips=clips,
            subjects={clip: clip.rpartition("/")[0] for clip in clips},
            labels=self.labels if labels is None else labels,
        )
