"""Mirror and resize tensors. Mirroring reverses the columns, and for instances also negates u."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from raicl.train.settings.inputs import FlipName, ScaleName


def mirror_instances(instances: Tensor) -> Tensor:
    """The instances that mirrored faces would give, as from `raicl.common.instance.mirror`.

    Parameters
    ----------
    instances : (..., 3, H, W) as (u, v, ε), scaled or not.
    """
    mirrored = instances.flip(-1)  # a copy
    mirrored[..., 0, :, :].neg_()
    return mirrored


def mirror_inputs(inputs: Tensor, flip: FlipName, scale: ScaleName = "train-std") -> Tensor:
    """The network's input for a mirrored face (docs/method.md 1.5).

    Parameters
    ----------
    inputs : scaled instances, (..., 3, S, S).
    flip : `physical` also negates u. `tensor` reads "horizontally flip" literally and keeps the
        sign of u, which then fits neither the mirrored face nor ε.
    scale : how `inputs` were scaled. Grey levels (`minmax255`) have no sign: u becomes 255 - u.
    """
    if flip == "tensor":
        return mirror_maps(inputs)
    mirrored = mirror_instances(inputs)
    if scale == "minmax255":
        mirrored[..., 0, :, :].add_(1)
    return mirrored


def mirror_maps(maps: Tensor) -> Tensor:
    """Reverse the columns of maps, exactly.

    Parameters
    ----------
    maps : features, class maps or assignments, (..., h, w).
    """
    return maps.flip(-1)


def resize_instances(instances: Tensor, size: int) -> Tensor:
    """Resize (N, 3, S, S) to side `size`, antialiased, and multiply u and v by r = size/S.

    u and v are displacements in px, so they scale with the image. ε has no unit and stays.
    Mirroring before or after gives the same result.

    Parameters
    ----------
    instances : of any floating-point dtype, which the result keeps. Computed in float32.
    """
    side = instances.shape[-1]
    if side == size:
        return instances
    resized = _interpolate(instances.float(), (size, size))
    resized[:, :2] *= size / side
    return resized.to(instances.dtype)


def resizing_weights(side: int, size: int) -> Tensor:
    """W, float32 (size, side): `resize_instances` of I is W I Wᵀ, and then u and v times r."""
    return _interpolate(torch.eye(side)[None, None], (size, side))[0, 0]


def _interpolate(images: Tensor, shape: tuple[int, int]) -> Tensor:
    return F.interpolate(images, shape, mode="bilinear", align_corners=False, antialias=True)
