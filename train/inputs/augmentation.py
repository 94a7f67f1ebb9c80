"""Augmentation of a batch of pairs, before it is scaled; by default there is none (method 3.6).

Rest, which is 0, fills what is erased or shifted in. The generator is the fold's own, so that a
resumed fold draws what it would have drawn.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from raicl.train.settings import TrainSettings

AREA = (0.02, 0.25)  # share of the instance that is erased, as in EAC
ASPECT = (0.3, 3.3)  # height over width of what is erased


def augment(
    online: Tensor, target: Tensor, settings: TrainSettings, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A batch of pairs, each (B, 3, S, S), raw; nothing is drawn where nothing is asked for."""
    if settings.shift:
        offsets = rng.integers(-settings.shift, settings.shift + 1, (len(online), 2))
        # both alike, or IRC and MRD would compare different places of the face
        online, target = shift(online, offsets), shift(target, offsets)
    if settings.erasing:
        online = erase(online, settings.erasing, rng)
    return online, target


def shift(batch: Tensor, offsets: NDArray[np.int64]) -> Tensor:
    """Move each instance by its offset (B, 2), px right and down."""
    height, width = batch.shape[-2:]
    reach = int(np.abs(offsets).max())
    padded = F.pad(batch, [reach] * 4)
    moved = [
        image[:, reach - down : reach - down + height, reach - right : reach - right + width]
        for image, (right, down) in zip(padded, offsets.tolist(), strict=True)
    ]
    return torch.stack(moved)


def erase(batch: Tensor, probability: float, rng: np.random.Generator) -> Tensor:
    """Set a rectangle of each instance to 0, in every channel, with the given probability."""
    batch = batch.clone()
    height, width = batch.shape[-2:]
    chosen = rng.random(len(batch)) < probability
    areas = rng.uniform(*AREA, len(batch)) * height * width
    aspects = np.exp(rng.uniform(math.log(ASPECT[0]), math.log(ASPECT[1]), len(batch)))
    corners = rng.random((len(batch), 2))
    for index in np.flatnonzero(chosen):
        # at these bounds a side is at most .91 of the instance's, so that it always fits
        high = max(1, round(math.sqrt(areas[index] * aspects[index])))
        wide = max(1, round(math.sqrt(areas[index] / aspects[index])))
        top = int(corners[index, 0] * (height - high + 1))
        left = int(corners[index, 1] * (width - wide + 1))
        batch[index, :, top : top + high, left : left + wide] = 0
    return batch
