"""Mirroring on tensors: of an instance it also negates u, of a map it only reverses columns."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from raicl.train.settings.inputs import FlipName, ScaleName


def mirror_instances(instances: Tensor) -> Tensor:
    """The instances that mirrored faces would give; the same as `raicl.common.instance.mirror`.

    Parameters
    ----------
    instances : (..., 3, H, W) as (u, v, ε), scaled or not.
    """
    mirrored = instances.flip(-1)  # a copy
    mirrored[..., 0, :, :].neg_()
    return mirrored


def mirror_inputs(inputs: Tensor, flip: FlipName, scale: ScaleName = "train-std") -> Tensor:
    """What the network is fed of a mirrored face (method 1.5).

    Parameters
    ----------
    inputs : (..., 3, S, S), scaled.
    flip : `tensor` reads "horizontally flip" literally and leaves u's sign, which then fits neither
        the mirrored face nor ε.
    scale : how they were scaled; of grey levels u becomes 255 - u, having no sign.
    """
    if flip == "tensor":
        return mirror_maps(inputs)
    mirrored = mirror_instances(inputs)
    if scale == "minmax255":
        mirrored[..., 0, :, :].add_(1)
    return mirrored


def mirror_maps(maps: Tensor) -> Tensor:
    """Features, class maps or assignments of the mirrored image: columns reversed, exactly.

    Parameters
    ----------
    maps : (..., h, w).
    """
    return maps.flip(-1)


def resize_instances(instances: Tensor, size: int) -> Tensor:
    """Resize (N, 3, S, S) to `size` by r = size/S, antialiased, and multiply u and v by r.

    Displacements are in px, and a px has become 1/r as large; ε is dimensionless and stays.
    Mirroring before or after gives the same.

    Parameters
    ----------
    instances : floating point; computed in float32 and returned in the given dtype.
    """
    side = instances.shape[-1]
    if side == size:
        return instances
    resized = F.interpolate(
        instances.float(), (size, size), mode="bilinear", align_corners=False, antialias=True
    )
    resized[:, :2] *= size / side
    return resized.to(instances.dtype)
