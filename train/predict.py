"""Inference (method 3.7): the online network on the middle instance of each held-out clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from raicl.train.folds import FoldError
from raicl.train.instances import Instances
from raicl.train.predictions import Prediction
from raicl.train.scaling import Scale, apply_scale
from raicl.train.siamese import Siamese


class Attention(NamedTuple):
    """Where the network looks in one clip.

    Attributes
    ----------
    instance : (3, S, S), raw: u px, v px, strain.
    class_map : (h, w), of the predicted class, signed.
    assignment : (M, h, w), every cell's shares of the regions, or None without MRD.
    """

    instance: Tensor
    class_map: Tensor
    assignment: Tensor | None


@torch.no_grad()
def predict(
    model: Siamese,
    instances: Instances,
    scale: Scale,
    *,
    clips: Sequence[str],
    subject: str,
    labels: Mapping[str, int],
    batch_size: int = 128,
) -> list[Prediction]:
    """Classify clips; the network is left in eval mode.

    Parameters
    ----------
    scale : fitted on the training clips of the same fold.

    Raises
    ------
    FoldError : a logit is not finite.
    """
    model.eval()
    predictions = []
    for start in range(0, len(clips), batch_size):
        batch = clips[start : start + batch_size]
        rows = torch.tensor([instances.middle[clip] for clip in batch])
        logits = model.classify(apply_scale(instances.gather(rows), scale)).float()  # (B, L)
        if not torch.isfinite(logits).all():
            raise FoldError("a logit is not finite", where=", ".join(batch))
        for clip, row in zip(batch, logits.softmax(-1).tolist(), strict=True):
            predictions.append(
                Prediction(
                    clip=clip,
                    subject=subject,
                    truth=labels[clip],
                    predicted=row.index(max(row)),
                    probabilities=tuple(row),
                )
            )
    return predictions


@torch.no_grad()
def attend(model: Siamese, instances: Instances, scale: Scale, prediction: Prediction) -> Attention:
    """Look at the clip of a prediction as the network did; it is left in eval mode."""
    model.eval()
    raw = instances.gather(torch.tensor([instances.middle[prediction.clip]]))
    network = model.online.network
    features = network.classifier.features(apply_scale(raw, scale))
    class_map = network.classifier.maps(features)[0, prediction.predicted]
    assignment = None
    if network.regions is not None:
        temperature = model.settings.temperature_online
        assignment = network.regions(features, temperature).assignment[0].cpu()
    return Attention(raw[0].cpu(), class_map.cpu(), assignment)
