"""The kernels of the compiled engine against plain references: levels, median, cubic warp."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, median_filter

from raicl.preprocess.flow.pyramid import PAD, add_gradient, build_pyramid
from raicl.preprocess.flow.relaxation import smooth
from raicl.preprocess.flow.warping import linearise
from tests.preprocess.textures import moved


def test_levels_under_16_px_are_left_out() -> None:
    levels = build_pyramid(moved(height=28, width=28), 5, 0.8, 0.0)
    assert [level.shape for level in levels] == [(28, 28), (22, 22), (18, 18)]


@pytest.mark.parametrize(("height", "width"), [(16, 16), (23, 37), (70, 65)])
def test_smooth_is_the_median_of_25(height: int, width: int) -> None:
    field = np.random.default_rng(0).normal(size=(height + 1, width + 1)).astype(np.float32)
    expected = median_filter(field[:-1, :-1], size=5, mode="nearest")
    smooth(field, np.empty((height + 4, width + 4), np.float32))
    np.testing.assert_array_equal(field[:-1, :-1], expected)


def cubic_sample(
    plane: np.ndarray, x: np.ndarray, y: np.ndarray, *, a: float, repeat: bool
) -> np.ndarray:
    """Keys' kernel tap by tap, in float64."""

    def kernel(distance: np.ndarray) -> np.ndarray:
        d = np.abs(distance)
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = a * (((d - 5) * d + 8) * d - 4)
        return np.where(d <= 1, near, np.where(d < 2, far, 0))

    height, width = plane.shape
    total = np.zeros(x.shape)
    for down in range(-1, 3):
        for right in range(-1, 3):
            column, row = np.floor(x) + right, np.floor(y) + down
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            taps = plane[row.clip(0, height - 1).astype(int), column.clip(0, width - 1).astype(int)]
            weight = kernel(x - column) * kernel(y - row)
            total += weight * (taps if repeat else np.where(inside, taps, 0))
    return total


@pytest.mark.parametrize(("a", "repeat"), [(-0.5, True), (-0.75, False)])
@pytest.mark.parametrize("roughness", [(0.5, 20.0), (3.0, 20.0), (2.0, 3.0), (9.0, 0.0)])
def test_the_warp_is_the_cubic_one_for_smooth_and_rough_flow(
    roughness: tuple[float, float], a: float, repeat: bool
) -> None:
    """The roughest flow needs single look-ups, and samples outside the picture."""
    size, sigma = roughness
    height, width = 75, 90
    rng = np.random.default_rng(1)
    field = rng.normal(size=(2, height, width))
    if sigma:
        field = gaussian_filter(field, (0, sigma, sigma))
    flow = np.zeros((2, height + 1, width + 1), np.float32)
    flow[:, :-1, :-1] = size * field / np.abs(field).max()
    onset = moved(height=height, width=width).astype(np.float32)
    frame = moved(1, height=height, width=width, noise=5).astype(np.float32)
    planes = add_gradient(frame, repeat=repeat)
    data = np.empty((4, height, width), np.float32)
    single = linearise(planes, onset, flow, data, np.float32(a))
    assert (single > 0.5 * height * width) == (sigma == 0)

    y, x = np.mgrid[:height, :width] + flow[::-1, :-1, :-1].astype(float)
    grey, i_x, i_y = (
        cubic_sample(plane[PAD:-PAD, PAD:-PAD], x, y, a=a, repeat=repeat) for plane in planes
    )
    u, v = flow[:, :-1, :-1]
    np.testing.assert_allclose(data[0], i_x, atol=2e-4)
    np.testing.assert_allclose(data[1], i_y, atol=2e-4)
    np.testing.assert_allclose(data[3], grey - u * i_x - v * i_y - onset, atol=2e-3)


def test_without_a_place_for_its_cache_the_engine_compiles_and_says_so() -> None:
    script = (
        "from raicl.preprocess.flow.compiled import compiled\n"
        "@compiled\n"
        "def double(x):\n"
        "    return 2 * x\n"
        "print(double(21))\n"
    )
    # numba keeps machine code beside its source, and this function is in no file
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"
    assert "NUMBA_CACHE_DIR" in done.stderr
