"""A texture that moves by a known amount, as a camera would see it."""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates


def moved(
    dx: float = 0,
    dy: float = 0,
    *,
    height: int = 96,
    width: int = 96,
    noise: float = 0,
    seed: int = 0,
) -> np.ndarray:
    """The texture moved right by dx and down by dy, px: (height, width) float32 grey levels.

    `noise` is the camera's standard deviation in grey levels, another one for another `seed`.
    """
    texture = gaussian_filter(np.random.default_rng(0).normal(size=(height + 20, width + 20)), 2)
    y, x = np.mgrid[10 : height + 10, 10 : width + 10].astype(float)
    image = 128 + 45 / texture.std() * map_coordinates(texture, [y - dy, x - dx], order=5)
    drawn = np.random.default_rng([seed, round(1000 * abs(dx)), round(1000 * abs(dy))])
    image += drawn.normal(size=image.shape) * noise
    return np.rint(image.clip(0, 255)).astype(np.float32)
