"""The compiled engine: parity with OpenCV, known motion, determinism, borders, sizes."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates, median_filter

from raicl.common.instance import strain
from raicl.preprocess.flow import compiled
from raicl.preprocess.flow.opencv import compute_opencv
from raicl.preprocess.flow.profile import PROFILES, Profile
from raicl.preprocess.flow.tvl1 import compute_tvl1
from tests.preprocess.textures import moved

EXACT, FAST = PROFILES["exact"], PROFILES["fast"]


@pytest.mark.parametrize("median", [5, 1])
@pytest.mark.parametrize(("height", "width"), [(96, 96), (61, 83)])
def test_one_scale_and_one_warp_agree_with_opencv(height: int, width: int, median: int) -> None:
    onset = moved(height=height, width=width, noise=1)
    frame = moved(0.6, -0.3, height=height, width=width, noise=1)
    profile = Profile(scales=1, warps=1, median=median)
    ours = compute_tvl1(onset, [frame], profile, like_opencv=True)[0]
    assert np.abs(ours).max() > 0.1
    assert np.abs(ours - compute_opencv(onset, [frame], profile)[0]).max() < 1e-5


def test_the_whole_schedule_agrees_with_opencv_given_its_zero_border() -> None:
    onset, frame = moved(noise=1), moved(0.6, -0.3, noise=1)
    ours = compute_tvl1(onset, [frame], EXACT, like_opencv=True)[0]
    # no closer: OpenCV's border makes the solve chaotic, and 4.x rounds the warp to 1/32 px
    assert np.median(np.abs(ours - compute_opencv(onset, [frame], EXACT)[0])) < 0.01


@pytest.mark.parametrize("profile", [EXACT, FAST], ids=["exact", "fast"])
@pytest.mark.parametrize("shift", [(1.0, 0.0), (0.0, 1.0), (0.5, -0.25), (-2.3, 1.6)])
def test_a_known_shift_is_found(profile: Profile, shift: tuple[float, float]) -> None:
    flow = compute_tvl1(moved(), [moved(*shift)], profile)[0][:, 10:-10, 10:-10]
    assert np.hypot(flow[0] - shift[0], flow[1] - shift[1]).mean() < 0.06


@pytest.mark.parametrize("shift", [0.1, 0.2])
def test_a_small_motion_keeps_its_size_which_the_kernel_of_opencv_takes_from_it(
    shift: float,
) -> None:
    height = width = 96
    wide = gaussian_filter(np.random.default_rng(0).normal(size=(116, 116)), 6)
    y, x = np.mgrid[10 : height + 10, 10 : width + 10].astype(float)
    onset, frame = (
        (128 + 45 / wide.std() * map_coordinates(wide, [y, x - dx], order=5)).astype(np.float32)
        for dx in (0.0, shift)
    )
    inside = np.s_[0, 0, 16:-16, 16:-16]
    ours = compute_tvl1(onset, [frame], EXACT)[inside]
    assert np.median(ours) == pytest.approx(shift, rel=0.1)
    theirs = compute_tvl1(onset, [frame], EXACT, like_opencv=True)[inside]
    assert np.median(theirs) < 0.85 * shift
    assert np.median(compute_opencv(onset, [frame], EXACT)[inside]) < 0.85 * shift


def test_no_single_pixel_stands_out_of_the_flow() -> None:
    onset, frame = bulged(0, noise=1.5)
    for profile in (EXACT, FAST):
        flow = compute_tvl1(onset, [frame], profile)[0]
        apart = np.abs(flow - median_filter(flow, size=(1, 5, 5)))
        assert apart.max() < 0.05
        raw = compute_tvl1(onset, [frame], profile, like_opencv=True)[0]
        assert np.abs(raw - median_filter(raw, size=(1, 5, 5))).max() > apart.max()


@pytest.mark.promise("input 40")
def test_a_picture_without_texture_has_no_flow() -> None:
    flat = np.full((40, 52), 90, np.float32)
    assert np.abs(compute_tvl1(flat, [flat + 10], EXACT)).max() < 1e-6


@pytest.mark.parametrize("profile", [EXACT, FAST], ids=["exact", "fast"])
def test_repeated_and_threaded_runs_are_bit_identical(profile: Profile) -> None:
    onset = moved(noise=1)
    frames = [moved(0.1 * k, 0.2, noise=1) for k in range(4)]
    first = compute_tvl1(onset, frames, profile)
    with ThreadPoolExecutor(2) as pool:
        threaded = list(pool.map(lambda frame: compute_tvl1(onset, [frame], profile)[0], frames))
    np.testing.assert_array_equal(compute_tvl1(onset, frames, profile), first)
    np.testing.assert_array_equal(np.stack(threaded), first)


def test_strict_arithmetic_agrees_with_fast(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    onset, frames = moved(noise=1), [moved(0.6, -0.3, noise=1), moved(1.2, 0.4, noise=2)]
    fast = compute_tvl1(onset, frames, EXACT)
    monkeypatch.setattr(compiled, "FASTMATH", False)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))  # its key ignores the options
    for name in ("relaxation", "warping"):
        monkeypatch.delitem(sys.modules, f"raicl.preprocess.flow.{name}")
    strict = compute_tvl1(onset, frames, EXACT)
    assert "raicl.preprocess.flow.warping" in sys.modules
    difference = np.abs(strict - fast)
    assert 0 < difference.max() < 0.01


def bulged(seed: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Two pictures between which a bump of 1 px moves in the middle, and all by 0.3 px."""
    rng = np.random.default_rng(seed)
    texture = gaussian_filter(rng.normal(size=(116, 116)), 2.0)
    y, x = np.mgrid[10:106, 10:106].astype(float)
    bump = 0.3 + np.exp(-((x - 58) ** 2 + (y - 58) ** 2) / (2 * 12**2))
    images = [
        128 + 45 / texture.std() * map_coordinates(texture, [y, x - shift], order=5)
        for shift in (np.zeros_like(x), bump)
    ]
    onset, frame = (
        np.rint((image + rng.normal(size=image.shape) * noise).clip(0, 255)).astype(np.float32)
        for image in images
    )
    return onset, frame


@pytest.mark.parametrize("profile", [EXACT, FAST], ids=["exact", "fast"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_border_spikes_far_less_than_in_opencv(profile: Profile, seed: int) -> None:
    onset, frame = bulged(seed, noise=1.5)
    flow = compute_tvl1(onset, [frame], profile)[0]
    border = np.ones(flow.shape[1:], bool)
    border[4:-4, 4:-4] = False
    # what left the picture cannot be matched, but it spikes far less than in OpenCV's field,
    theirs = strain(compute_opencv(onset, [frame], EXACT)[0])
    assert strain(flow)[border].max() < 0.25 * theirs[border].max()
    # and the margin that stage 1 trims holds nearly all of it
    trimmed = strain(flow[:, 8:-8, 8:-8])
    edge = np.ones(trimmed.shape, bool)
    edge[4:-4, 4:-4] = False
    assert trimmed[edge].max() <= 1.5 * trimmed[~edge].max()


@pytest.mark.parametrize(("height", "width"), [(40, 52), (52, 40), (16, 16), (17, 131), (241, 241)])
def test_any_size_is_solved(height: int, width: int) -> None:
    size = {"height": height, "width": width}
    for profile in (EXACT, FAST):
        flow = compute_tvl1(moved(**size), [moved(0.5, **size)], profile)
        assert flow.shape == (1, 2, height, width)
        assert flow.dtype == np.float32
        assert np.median(flow[0, 0]) == pytest.approx(0.5, abs=0.1)
        assert np.median(flow[0, 1]) == pytest.approx(0, abs=0.1)
