"""Augmentation of a batch of pairs before scaling; by default there is none (docs/method.md 3.6).

Erased and shifted-in pixels are set to 0, which is rest. The generator is the fold's own, so a
resumed fold draws what it would have drawn without the interruption.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from raicl.train.inputs.geometry import mirror_inputs
from raicl.train.settings import TrainSettings
from raicl.train.settings.inputs import FlipName

AREA = (0.02, 0.25)  # share of the instance that is erased, as in EAC
ASPECT = (0.3, 3.3)  # height over width of the erased rectangle


def augment(
    online: Tensor, target: Tensor, settings: TrainSettings, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Augment raw pairs, (B, 3, S, S) each. What is at 0 draws nothing."""
    if settings.mirror:
        chosen = torch.from_numpy(rng.random(len(online)) < settings.mirror)
        online, target = (mirror_some(pair, chosen, settings.flip) for pair in (online, target))
    if settings.shift:
        offsets = rng.integers(-settings.shift, settings.shift + 1, (len(online), 2))
        # shift both alike, or IRC and MRD would compare different places of the face
        online, target = shift(online, offsets), shift(target, offsets)
    if settings.erasing:
        online = erase(online, settings.erasing, rng)
    return online, target


def mirror_some(batch: Tensor, chosen: Tensor, flip: FlipName) -> Tensor:
    """Mirror the instances that `chosen` (B,) names, negating u if the flip is physical."""
    mirrored = mirror_inputs(batch, flip)
    chosen = chosen.to(batch.device, non_blocking=True)
    return torch.where(chosen[:, None, None, None], mirrored, batch)


def shift(batch: Tensor, offsets: NDArray[np.int64]) -> Tensor:
    """Move each instance by its row of `offsets` (B, 2), px right and down."""
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
        # within these bounds a side is at most 0.91 of the instance's, so the rectangle fits
        high = max(1, round(math.sqrt(areas[index] * aspects[index])))
        wide = max(1, round(math.sqrt(areas[index] / aspects[index])))
        top = int(corners[index, 0] * (height - high + 1))
        left = int(corners[index, 1] * (width - wide + 1))
        batch[index, :, top : top + high, left : left + wide] = 0
    return batch
