"""Inference: by default the online network on each held-out clip's middle instance.

Defined in docs/method.md 3.7, the alternatives in 6.B.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raicl.train.clips.folds import FoldError
from raicl.train.fold.pooling import Verdict, pool
from raicl.train.inputs.geometry import mirror_inputs
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.scaling import Scale, apply_scale
from raicl.train.model.regions import Regions
from raicl.train.model.siamese import Siamese
from raicl.train.scores.predictions import Prediction
from raicl.train.settings import TrainSettings
from raicl.train.settings.train import InferName


class Attention(NamedTuple):
    """Where the network looks in one clip.

    Attributes
    ----------
    instance : raw instance (u px, v px, strain), (3, S, S).
    class_map : class map of one class, by default the predicted one, (h, w), signed.
    assignment : how much of each cell belongs to each region, (M, h, w). None without MRD.
    """

    instance: Tensor
    class_map: Tensor
    assignment: Tensor | None


def predict(
    model: Siamese,
    instances: Instances,
    scale: Scale,
    *,
    clips: Sequence[str],
    subjects: Mapping[str, str],
    labels: Mapping[str, int],
    temperature: float = 1.0,
    batch_size: int = 128,
) -> list[Prediction]:
    """Classify clips (see `classify`), and only then look up their true classes.

    Parameters
    ----------
    subjects : ``dataset/subject`` by clip id.
    labels : class index by clip id.
    temperature : see `pool`.
    """
    found = classify(
        model, instances, scale, clips=clips, temperature=temperature, batch_size=batch_size
    )
    tested = {clip: list(_tested_rows(instances, clip, model.settings.infer)) for clip in clips}
    return [
        Prediction(
            clip=clip,
            subject=subjects[clip],
            truth=labels[clip],
            predicted=verdict.predicted,
            probabilities=verdict.probabilities,
            motion_px=_motion(instances.motion[tested[clip]]),
        )
        for clip, verdict in found.items()
    ]


def _motion(lengths: NDArray[np.float64]) -> float | None:
    mean = float(lengths.mean())
    return None if math.isnan(mean) else mean


def classify(
    model: Siamese,
    instances: Instances,
    scale: Scale,
    *,
    clips: Sequence[str],
    temperature: float = 1.0,
    batch_size: int = 128,
) -> dict[str, Verdict]:
    """The verdict on each of `clips`, in their order. Leaves the network in eval mode.

    Parameters
    ----------
    scale : the scale fitted on the training clips of the same fold.
    temperature : see `pool`.

    Raises
    ------
    FoldError : a logit is not finite.
    """
    infer = model.settings.infer
    found = clip_logits(model, instances, scale, clips=clips, batch_size=batch_size)
    return {
        clip: pool(logits, infer, strength_of(instances, clip, infer), temperature)
        for clip, logits in found.items()
    }


@torch.no_grad()
def clip_logits(
    model: Siamese,
    instances: Instances,
    scale: Scale,
    *,
    clips: Sequence[str],
    batch_size: int = 128,
) -> dict[str, Tensor]:
    """The logits of each clip, (K, V, L): of K tested instances in V views.

    With `flip_average` there are two views, the instance and its mirror image. Leaves the network
    in eval mode.

    Raises
    ------
    FoldError : a logit is not finite.
    """
    model.eval()
    infer = model.settings.infer
    rows = [(clip, row) for clip in clips for row in _tested_rows(instances, clip, infer)]
    batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    found: dict[str, list[Tensor]] = {clip: [] for clip in clips}
    for batch in batches:
        raw = instances.gather(torch.tensor([row for _, row in batch]))
        logits = instance_logits(model, apply_scale(raw, scale), [clip for clip, _ in batch])
        for (clip, _), row in zip(batch, logits, strict=True):
            found[clip].append(row)
    return {clip: torch.stack(views) for clip, views in found.items()}


def strength_of(instances: Instances, clip: str, infer: InferName) -> Tensor:
    """Mean length of the flow of each tested instance of a clip, (K,)."""
    return torch.from_numpy(instances.strength[list(_tested_rows(instances, clip, infer))])


def describe_inference(settings: TrainSettings) -> str:
    """What is tested, and by which network, in words."""
    infer = settings.infer
    instances = "the middle instance" if infer == "middle" else f"all instances, {infer}"
    mirrored = ", averaged with the mirror image" if settings.flip_average else ""
    return f"{settings.infer_network} network on {instances}{mirrored}"


def _tested_rows(instances: Instances, clip: str, infer: InferName) -> Sequence[int]:
    """Row of the middle instance, or all rows that a run of the same sampling trains on [ours]."""
    return [instances.middle[clip]] if infer == "middle" else instances.rows[clip]


def instance_logits(model: Siamese, inputs: Tensor, clips: Sequence[str]) -> Tensor:
    """Logits (B, V, L) of scaled instances (B, 3, S, S) in V views. Expects eval mode.

    Parameters
    ----------
    clips : the clip of each instance, for the error.

    Raises
    ------
    FoldError : a logit is not finite.
    """
    logits = torch.stack([model.classify(v).float() for v in views_of(inputs, model.settings)], 1)
    if not torch.isfinite(logits).all():
        raise FoldError("a logit is not finite", where=", ".join(dict.fromkeys(clips)))
    return logits


def views_of(inputs: Tensor, settings: TrainSettings) -> list[Tensor]:
    """Scaled instances, and with `flip_average` their mirror images: all that is classified."""
    if not settings.flip_average:
        return [inputs]
    return [inputs, mirror_inputs(inputs, settings.flip, settings.scale)]


def attend(model: Siamese, instances: Instances, scale: Scale, prediction: Prediction) -> Attention:
    """Where the network looks in the clip of a prediction, see `attend_clip`."""
    return attend_clip(model, instances, scale, prediction.clip, prediction.predicted)


def attend_clip(
    model: Siamese, instances: Instances, scale: Scale, clip: str, label: int
) -> Attention:
    """Where the network looks for a class in a clip's tested instance, see `attend_rows`."""
    [seen] = attend_rows(model, instances, scale, [instances.middle[clip]], label)
    return seen


@torch.no_grad()
def attend_rows(
    model: Siamese,
    instances: Instances,
    scale: Scale,
    rows: Sequence[int],
    label: int,
    batch_size: int = 16,
) -> list[Attention]:
    """Where the network looks for a class in some instances. Leaves the network in eval mode.

    Parameters
    ----------
    rows : of `instances`.
    label : index of the class.
    """
    model.eval()
    found = []
    for start in range(0, len(rows), batch_size):
        raw = instances.gather(torch.tensor(rows[start : start + batch_size]))
        features = model.tested.classifier.features(apply_scale(raw, scale))
        maps = model.tested.classifier.maps(features)[:, label].cpu()
        regions = tested_regions(model, features)
        shares = [None] * len(raw) if regions is None else regions.assignment.cpu()
        found += [Attention(*seen) for seen in zip(raw.cpu(), maps, shares, strict=True)]
    return found


def tested_regions(model: Siamese, features: Tensor) -> Regions | None:
    """Regions of features (B, C, h, w) by the network that classifies. None without MRD."""
    head, settings = model.tested.regions, model.settings
    if head is None:
        return None
    online = settings.infer_network == "online"
    temperature = settings.temperature_online if online else settings.temperature_target
    regions: Regions = head(features, temperature)
    return regions
