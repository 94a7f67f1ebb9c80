"""The arithmetic of an instance (u, v, ε): strain and mirroring. numpy only, pure functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def strain(flow: NDArray[np.floating]) -> NDArray[np.floating]:
    """Optical strain magnitude ε = sqrt(u_x² + v_y² + ½ (u_y + v_x)²).

    Derivatives are central differences inside and one-sided at the borders. A translation or a
    small rotation has no strain. A stretch u = a·x has strain a, a shear u = g·y has g/√2.

    Parameters
    ----------
    flow : (..., 2, H, W), px, u right and v down.

    Returns
    -------
    (..., H, W), dimensionless, same dtype.
    """
    u, v = flow[..., 0, :, :], flow[..., 1, :, :]
    u_y, u_x = np.gradient(u, axis=(-2, -1))
    v_y, v_x = np.gradient(v, axis=(-2, -1))
    return np.asarray(np.sqrt(u_x**2 + v_y**2 + 0.5 * (u_y + v_x) ** 2), dtype=flow.dtype)


def mirror(instance: NDArray[np.floating]) -> NDArray[np.floating]:
    """The instance that the mirrored face would give: x is reversed **and u is negated**.

    Parameters
    ----------
    instance : (..., 3, H, W) as (u px, v px, ε).

    Returns
    -------
    A new array of the same shape; mirroring twice is the identity.
    """
    mirrored = instance[..., ::-1].copy()
    mirrored[..., 0, :, :] *= -1
    return mirrored
