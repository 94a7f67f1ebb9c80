"""Smooth displacement fields as sums of Gaussian bumps, known exactly at every point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Field = NDArray[np.float32]


@dataclass(frozen=True)
class Bumps:
    """K Gaussian displacement bumps, axis-aligned, in one image's pixels.

    The displacement at ``(x, y)`` is the sum over k of ``weight[k] * direction[k] *
    exp(-(x - centre[k, 0])**2 / (2 sigma[k, 0]**2) - (y - centre[k, 1])**2 / (2 sigma[k, 1]**2))``.
    The weights vary from frame to frame and are passed separately.

    Attributes
    ----------
    centre : (K, 2), x then y, px.
    sigma : (K, 2), standard deviations along x and y, px.
    direction : (K, 2), displacement at the centre for weight 1, px, right and down.
    """

    centre: Array
    sigma: Array
    direction: Array

    def scaled(self, factor: float) -> Bumps:
        """The same bumps, `factor` times as strong."""
        return Bumps(self.centre, self.sigma, self.direction * factor)

    def chosen(self, which: NDArray[np.bool_]) -> Bumps:
        """The bumps that `which` (K,) names."""
        return Bumps(self.centre[which], self.sigma[which], self.direction[which])

    def joined(self, other: Bumps) -> Bumps:
        """The bumps of this and `other`, in this order."""
        return Bumps(
            np.concatenate([self.centre, other.centre]),
            np.concatenate([self.sigma, other.sigma]),
            np.concatenate([self.direction, other.direction]),
        )


def displace(bumps: Bumps, weights: Array, points: Array) -> Array:
    """Displacement (N, 2) of `points` (N, 2), both in px, x then y."""
    offsets = (points[:, None] - bumps.centre) / bumps.sigma  # (N, K, 2)
    profile = np.exp(-0.5 * np.square(offsets).sum(axis=2))  # (N, K)
    displacement: Array = (profile * weights) @ bumps.direction
    return displacement


def dense_field(bumps: Bumps, weights: Array, size: tuple[int, int]) -> Field:
    """Displacement (2, height, width) at every pixel of an image of `size` (width, height).

    Axis-aligned Gaussians are separable: each bump is an outer product of two profiles. They are
    added one by one, because the last bit of a matrix product may depend on the thread count.
    """
    across, down = (
        np.exp(-0.5 * ((np.arange(n) - bumps.centre[:, [axis]]) / bumps.sigma[:, [axis]]) ** 2)
        for axis, n in enumerate(size)
    )  # (K, width), (K, height)
    field = np.zeros((2, size[1], size[0]), np.float32)
    strengths = weights[:, None] * bumps.direction  # (K, 2)
    for strength, row, column in zip(strengths, across, down, strict=True):
        if strength.any():
            profile = np.multiply.outer(column.astype(np.float32), row.astype(np.float32))
            field += strength.astype(np.float32).reshape(2, 1, 1) * profile
    return field


def pixel_grid(size: tuple[int, int]) -> Field:
    """Coordinates (2, height, width) of every pixel of an image of `size`: x, then y."""
    width, height = size
    return np.stack(np.meshgrid(np.arange(width), np.arange(height))).astype(np.float32)


def invert(field: Field, targets: Field, *, rounds: int) -> Field:
    """Points x (2, h, w) with ``x + field(x) = targets``, px.

    Fixed-point iteration ``x <- targets - field(x)``. Each round multiplies the error by at
    most the field's largest gradient, so this must be below 1 (the field must not fold).
    """
    import cv2

    planar = np.ascontiguousarray(field.transpose(1, 2, 0))
    points = targets
    for _ in range(rounds):
        moved = cv2.remap(
            planar, points[0], points[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        points = targets - moved.transpose(2, 0, 1)
    return np.ascontiguousarray(points)
