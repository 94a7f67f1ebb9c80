"""Inference: by default the online network on each held-out clip's middle instance.

Defined in docs/method.md 3.7, the alternatives in 6.B.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from raicl.train.clips.folds import FoldError
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
    batch_size: int = 128,
) -> list[Prediction]:
    """Classify clips (see `classify`), and only then look up their true classes.

    Parameters
    ----------
    subjects : ``dataset/subject`` by clip id.
    labels : class index by clip id.
    """
    found = classify(model, instances, scale, clips=clips, batch_size=batch_size)
    tested = {clip: list(_tested_rows(instances, clip, model.settings.infer)) for clip in clips}
    return [
        Prediction(
            clip=clip,
            subject=subjects[clip],
            truth=labels[clip],
            predicted=verdict.predicted,
            probabilities=verdict.probabilities,
            motion_px=float(instances.motion[tested[clip]].mean()),
        )
        for clip, verdict in found.items()
    ]


@torch.no_grad()
def classify(
    model: Siamese,
    instances: Instances,
    scale: Scale,
    *,
    clips: Sequence[str],
    batch_size: int = 128,
) -> dict[str, Verdict]:
    """The verdict on each of `clips`, in their order. Leaves the network in eval mode.

    Parameters
    ----------
    scale : the scale fitted on the training clips of the same fold.

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
        probabilities = classify_instances(
            model, apply_scale(raw, scale), [clip for clip, _ in batch]
        )
        for (clip, _), row in zip(batch, probabilities, strict=True):
            found[clip].append(row)
    verdicts = {}
    for clip in clips:
        strength = instances.strength[list(_tested_rows(instances, clip, infer))]
        shares = torch.stack(found[clip])  # (instances, L)
        verdicts[clip] = combine_instances(shares, infer, torch.from_numpy(strength))
    return verdicts


def describe_inference(settings: TrainSettings) -> str:
    """What is tested, and by which network, in words."""
    infer = settings.infer
    instances = "the middle instance" if infer == "middle" else f"all instances, {infer}"
    mirrored = ", averaged with the mirror image" if settings.flip_average else ""
    return f"{settings.infer_network} network on {instances}{mirrored}"


def _tested_rows(instances: Instances, clip: str, infer: InferName) -> Sequence[int]:
    """Row of the middle instance, or all rows that a run of the same sampling trains on [ours]."""
    return [instances.middle[clip]] if infer == "middle" else instances.rows[clip]


def classify_instances(model: Siamese, inputs: Tensor, clips: Sequence[str]) -> Tensor:
    """Probabilities (B, L) of scaled instances (B, 3, S, S), each by itself. Expects eval mode.

    Parameters
    ----------
    clips : the clip of each instance, for the error.

    Raises
    ------
    FoldError : a logit is not finite.
    """
    views = views_of(inputs, model.settings)
    logits = torch.stack([model.classify(view).float() for view in views])
    if not torch.isfinite(logits).all():
        raise FoldError("a logit is not finite", where=", ".join(dict.fromkeys(clips)))
    return average_views(logits)


def views_of(inputs: Tensor, settings: TrainSettings) -> list[Tensor]:
    """Scaled instances, and with `flip_average` their mirror images: all that is classified."""
    if not settings.flip_average:
        return [inputs]
    return [inputs, mirror_inputs(inputs, settings.flip, settings.scale)]


def average_views(logits: Tensor) -> Tensor:
    """Probabilities (B, L) of the logits (V, B, L) of V views of each instance: their mean."""
    return logits.softmax(-1).mean(0)


def attend(model: Siamese, instances: Instances, scale: Scale, prediction: Prediction) -> Attention:
    """Where the network looks in the clip of a prediction, see `attend_clip`."""
    return attend_clip(model, instances, scale, prediction.clip, prediction.predicted)


@torch.no_grad()
def attend_clip(
    model: Siamese, instances: Instances, scale: Scale, clip: str, label: int
) -> Attention:
    """Where the network looks for a class in a clip. Leaves the network in eval mode.

    Parameters
    ----------
    label : index of the class.
    """
    model.eval()
    raw = instances.gather(torch.tensor([instances.middle[clip]]))
    network = model.tested
    features = network.classifier.features(apply_scale(raw, scale))
    class_map = network.classifier.maps(features)[0, label]
    regions = tested_regions(model, features)
    assignment = None if regions is None else regions.assignment[0].cpu()
    return Attention(raw[0].cpu(), class_map.cpu(), assignment)


def tested_regions(model: Siamese, features: Tensor) -> Regions | None:
    """Regions of features (B, C, h, w) by the network that classifies. None without MRD."""
    head, settings = model.tested.regions, model.settings
    if head is None:
        return None
    online = settings.infer_network == "online"
    temperature = settings.temperature_online if online else settings.temperature_target
    regions: Regions = head(features, temperature)
    return regions


class Verdict(NamedTuple):
    """The class that one clip is given.

    Attributes
    ----------
    predicted : class index.
    probabilities : one per class. With `vote` they are shares of the votes.
    """

    predicted: int
    probabilities: tuple[float, ...]


def combine_instances(probabilities: Tensor, infer: InferName, strength: Tensor) -> Verdict:
    """Pool the probabilities (K, L) of a clip's K instances. Their order does not matter.

    Parameters
    ----------
    infer : `middle` has one instance. `mean` averages. `vote` counts, and the mean decides a tie.
        `weighted` averages with the weights `strength` [ours].
    strength : mean length of the flow of each instance, (K,).
    """
    rows = probabilities.double().cpu()
    mean = rows.mean(0)
    if infer == "vote":
        votes = torch.bincount(rows.argmax(1), minlength=rows.shape[1])
        ranked = [(int(n), float(p)) for n, p in zip(votes, mean, strict=True)]
        return Verdict(ranked.index(max(ranked)), tuple((votes.double() / len(rows)).tolist()))
    if infer == "weighted" and strength.sum() > 0:  # without motion all weigh the same
        mean = strength.double() @ rows / strength.sum()
    pooled = mean.tolist()
    return Verdict(pooled.index(max(pooled)), tuple(pooled))
