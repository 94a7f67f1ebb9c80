"""Scaling: two numbers fitted on the training clips of a fold, zero stays zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from raicl.common.errors import InputError
from raicl.train.instances import Instances
from raicl.train.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What instances are divided by.

    Attributes
    ----------
    flow : px, shared by u and v so that directions survive; strain : dimensionless.
    clip : largest scaled magnitude.
    """

    flow: float
    strain: float
    clip: float


def fit_scale(instances: Instances, rows: Sequence[range], settings: TrainSettings) -> Scale:
    """Standard deviations over the training instances (method 1.4, `train_std`) [ours].

    Every clip weighs the same, as it does in the pairs of an epoch: these are the deviations of
    what the network is fed, whatever the lengths of the clips.

    Parameters
    ----------
    rows : the instances of each training clip; nothing else is looked at.

    Raises
    ------
    InputError : the instances do not move at all.
    """
    moments = [instances.moments[clip.start : clip.stop].mean(0) for clip in rows]
    mean, square = np.mean(moments, 0)  # (2,) each: flow and strain
    flow, strain = np.sqrt(np.maximum(square - mean**2, 0)).tolist()
    if flow == 0 or strain == 0:
        raise InputError(
            f"no motion in {len(rows)} training clips: every instance is constant",
            fix="look at the cache with: raicl inspect",
        )
    return Scale(flow=flow, strain=strain, clip=settings.scale_clip)


def apply_scale(batch: Tensor, scale: Scale) -> Tensor:
    """Divide u, v and ε and clip; no mean is subtracted, so rest stays 0 and signs stay.

    Parameters
    ----------
    batch : (B, 3, H, W), raw (u px, v px, ε).
    """
    divisor = batch.new_tensor([scale.flow, scale.flow, scale.strain])[:, None, None]
    return (batch / divisor).clamp_(-scale.clip, scale.clip)
