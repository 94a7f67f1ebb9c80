"""Scaling: by default division by two numbers fitted on a fold's training clips; 0 stays 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from raicl.common.errors import InputError
from raicl.train.inputs.instances import Instances
from raicl.train.settings import TrainSettings
from raicl.train.settings.inputs import ScaleName

_TINY = 1e-12  # keeps an instance without motion at 0 instead of 0/0
CONST = (2.0, 0.2)  # flow in px and strain that become 1 (docs/method.md 1.4)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The numbers that instances are divided by.

    Attributes
    ----------
    flow : divisor of u and v, px. It is the same for both, so that directions stay.
    strain : divisor of ε, dimensionless.
    clip : largest scaled magnitude, None for no limit.
    mode : the setting `scale`. With `sample-…` and `minmax255` every instance has numbers of its
        own instead of `flow` and `strain`.
    """

    flow: float
    strain: float
    clip: float | None
    mode: ScaleName = "train-std"


def fit_scale(instances: Instances, clips: Sequence[str], settings: TrainSettings) -> Scale:
    """Standard deviations over the training instances (docs/method.md 1.4, `train-std`) [ours].

    Every clip weighs the same whatever its length, as in the pairs of an epoch. These are therefore
    the standard deviations of the network's input if the scale is fitted on what is trained on.

    Parameters
    ----------
    clips : ids of the training clips. No other clip is used. Of each, the instances are those that
        are trained on, or those that `scale_fit` names.

    Raises
    ------
    InputError : the instances do not move at all.
    """
    mean, square = np.mean([instances.moments[clip] for clip in clips], 0)  # (2,) each
    flow, strain = np.sqrt(np.maximum(square - mean**2, 0)).tolist()
    if flow == 0 or strain == 0:
        raise InputError(
            f"no motion in {len(clips)} training clips: every instance is constant",
            fix="look at the cache with: raicl inspect",
        )
    if settings.scale == "train-std":
        return Scale(flow=flow, strain=strain, clip=settings.scale_clip)
    flow, strain = CONST if settings.scale == "const" else (1.0, 1.0)
    clip = settings.scale_clip if settings.scale in ("sample-std", "sample-zscore") else None
    return Scale(flow=flow, strain=strain, clip=clip, mode=settings.scale)


def apply_scale(batch: Tensor, scale: Scale) -> Tensor:
    """Divide u, v and ε, then clip. No mean is subtracted, so rest stays 0 and signs stay.

    The exceptions are `sample-zscore` and `minmax255` (`MOVES_ZERO`): rest becomes another value
    in every instance.

    Parameters
    ----------
    batch : raw instances (u px, v px, ε), (B, 3, H, W). Not modified.
    """
    by_itself = _BY_ITSELF.get(scale.mode)
    if by_itself is None:
        divisors = batch.new_full((3, 1, 1), scale.flow)
        divisors[2].fill_(scale.strain)  # on the device: a copy from the host would wait for it
        scaled = batch / divisors
    else:
        scaled = by_itself(batch)
    return scaled if scale.clip is None else scaled.clamp_(-scale.clip, scale.clip)


def over_own_spread(batch: Tensor) -> Tensor:
    """Divide each instance by its standard deviations over the pixels: u and v by one, ε by one.

    Weak and strong instances become alike, and so do weak and strong expressions of two people. A
    movement of the whole image does not count, because the mean is no part of a deviation.
    """
    u, v, strain = batch.var((-2, -1), correction=0).unbind(1)
    flow = (u + v) / 2
    spread = torch.stack([flow, flow, strain], 1).sqrt().clamp_min(_TINY)
    return batch / spread[..., None, None]


def as_zscore(batch: Tensor) -> Tensor:
    """Give every channel of an instance mean 0 and standard deviation 1 over the pixels.

    The result is the same whatever zero and unit the flow had, as long as it is a straight line
    between: what a picture of 8 bits keeps.
    """
    centred = batch - batch.mean((-2, -1), keepdim=True)
    spread = centred.square().mean((-2, -1), keepdim=True).sqrt()
    return centred / spread.clamp_min(_TINY)


def over_largest(batch: Tensor) -> Tensor:
    """Divide each instance by its largest magnitude, one number for u, v and ε.

    Weak and strong instances become alike. MIR needs their difference, so this is an ablation.
    """
    largest = batch.abs().amax((1, 2, 3), keepdim=True)
    return batch / largest.clamp_min(_TINY)


def as_grey(batch: Tensor) -> Tensor:
    """Stretch every channel of an instance over the 8-bit grey levels k / 255, k = 0 … 255.

    Older pipelines store this as an image. Rounding is included [ours]. See `mirror_inputs`.
    """
    low, high = batch.amin((-2, -1), keepdim=True), batch.amax((-2, -1), keepdim=True)
    return ((batch - low) / (high - low).clamp_min(_TINY) * 255).round_() / 255


# modes that scale every instance by numbers of its own
_BY_ITSELF: dict[ScaleName, Callable[[Tensor], Tensor]] = {
    "sample-std": over_own_spread,
    "sample-maxabs": over_largest,
    "sample-zscore": as_zscore,
    "minmax255": as_grey,
}
