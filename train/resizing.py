"""Instances at the network's input size: a displacement field shrinks with its image."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


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
