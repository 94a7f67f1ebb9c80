"""TV-L1: sign, scale, rest and borders, against known motion and an independent implementation."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates
from skimage.registration import optical_flow_tvl1

from raicl.common.instance import mirror
from raicl.preprocess.flow.opencv import compute_flow
from raicl.preprocess.process import make_instances
from raicl.preprocess.settings import PrepSettings

SETTINGS = PrepSettings()
SIDE = 96


def texture(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(SIDE + 20, SIDE + 20))
    image = gaussian_filter(noise, 2.0)
    return 128 + 45 * image / image.std()


def shifted(dx: float, dy: float, seed: int = 0) -> np.ndarray:
    """The texture moved right by dx and down by dy, px."""
    y, x = np.mgrid[10 : SIDE + 10, 10 : SIDE + 10].astype(float)
    moved = map_coordinates(texture(seed), [y - dy, x - dx], order=5)
    return np.rint(moved.clip(0, 255)).astype(np.uint8)


def flow_of(*motions: tuple[float, float]) -> np.ndarray:
    return compute_flow(shifted(0, 0), [shifted(*motion) for motion in motions], SETTINGS)


def test_identical_frames_have_no_flow() -> None:
    assert np.abs(flow_of((0, 0))).max() < 1e-6


def test_right_is_positive_u_and_down_is_positive_v() -> None:
    right, down = flow_of((1, 0), (0, 1))
    inside = np.s_[20:-20, 20:-20]
    assert right[0][inside].mean() == pytest.approx(1, abs=0.1)
    assert abs(right[1][inside].mean()) < 0.1
    assert down[1][inside].mean() == pytest.approx(1, abs=0.1)
    assert abs(down[0][inside].mean()) < 0.1


def test_a_subpixel_shift_agrees_with_an_independent_implementation() -> None:
    onset, frame = shifted(0, 0), shifted(0.5, -0.25)
    ours = compute_flow(onset, [frame], SETTINGS)[0]
    rows, columns = optical_flow_tvl1(onset, frame)  # scikit-image returns (row, column)
    inside = np.s_[15:-15, 15:-15]
    assert np.abs(ours[0] - columns)[inside].mean() < 0.05
    assert np.abs(ours[1] - rows)[inside].mean() < 0.05


def test_mirrored_frames_give_the_mirrored_flow() -> None:
    onset, frame = shifted(0, 0), shifted(0.7, 0.3)
    flow = compute_flow(onset, [frame], SETTINGS)[0]
    flipped = compute_flow(
        np.ascontiguousarray(onset[:, ::-1]), [np.ascontiguousarray(frame[:, ::-1])], SETTINGS
    )[0]
    padded = np.concatenate([flow, flow[:1]])
    assert np.abs(mirror(padded)[:2] - flipped)[:, 8:-8, 8:-8].mean() < 0.02


def test_no_frames_give_no_fields() -> None:
    assert compute_flow(shifted(0, 0), [], SETTINGS).shape == (0, 2, SIDE, SIDE)


def test_trimming_the_margin_removes_the_border_spikes_from_the_strain() -> None:
    rng = np.random.default_rng(3)
    frames = [
        np.clip(shifted(0.6, 0.4) + rng.normal(0, 1.5, (SIDE, SIDE)), 0, 255).astype(np.uint8)
        for _ in range(2)
    ]
    flow = compute_flow(shifted(0, 0), frames, SETTINGS)
    naive = make_instances(flow, 0)[:, 2].astype(float)
    trimmed = make_instances(flow, 8)[:, 2].astype(float)
    assert trimmed.shape[1:] == (SIDE - 16, SIDE - 16)
    border = np.ones(trimmed.shape[1:], bool)
    border[4:-4, 4:-4] = False
    assert naive.max() > 2 * trimmed.max()  # the trap is real
    assert trimmed[:, border].max() < 1.5 * trimmed[:, ~border].max()
