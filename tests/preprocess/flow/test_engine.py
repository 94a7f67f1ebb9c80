"""Every engine: sign, scale and rest; TV-L1's borders; an independent implementation."""

import cv2
import numpy as np
import pytest
from skimage.registration import optical_flow_tvl1

from raicl.common.errors import InputError
from raicl.common.instance import mirror
from raicl.preprocess.flow.engine import compute_flow, resolve_profile
from raicl.preprocess.instances import make_instances
from raicl.preprocess.settings import PrepSettings
from tests.preprocess.textures import moved

SIDE = 96
ENGINES = {
    "tvl1 exact": PrepSettings(),
    "tvl1 fast": PrepSettings(flow_profile="fast"),
    "opencv": PrepSettings(flow="opencv"),
    "opencv fast": PrepSettings(flow="opencv", flow_profile="fast"),
    "dis": PrepSettings(flow="dis"),
}
every_engine = pytest.mark.parametrize("settings", ENGINES.values(), ids=ENGINES)


@every_engine
def test_identical_frames_have_no_flow(settings: PrepSettings) -> None:
    onset = moved(noise=2)
    assert np.abs(compute_flow(onset, [onset], settings)).max() < 1e-6


@every_engine
def test_right_is_positive_u_and_down_is_positive_v(settings: PrepSettings) -> None:
    right, down = compute_flow(moved(), [moved(1, 0), moved(0, 1)], settings)
    inside = np.s_[20:-20, 20:-20]
    assert right[0][inside].mean() == pytest.approx(1, abs=0.1)
    assert abs(right[1][inside].mean()) < 0.1
    assert down[1][inside].mean() == pytest.approx(1, abs=0.1)
    assert abs(down[0][inside].mean()) < 0.1


@every_engine
def test_a_subpixel_shift_agrees_with_an_independent_implementation(
    settings: PrepSettings,
) -> None:
    onset, frame = moved(), moved(0.5, -0.25)
    ours = compute_flow(onset, [frame], settings)[0]
    # scikit-image returns (row, column)
    rows, columns = optical_flow_tvl1(onset.astype(np.uint8), frame.astype(np.uint8))
    inside = np.s_[15:-15, 15:-15]
    assert np.abs(ours[0] - columns)[inside].mean() < 0.05
    assert np.abs(ours[1] - rows)[inside].mean() < 0.05


@every_engine
def test_mirrored_frames_give_the_mirrored_flow(settings: PrepSettings) -> None:
    onset, frame = moved(), moved(0.7, 0.3)
    flow = compute_flow(onset, [frame], settings)[0]
    flipped = compute_flow(
        np.ascontiguousarray(onset[:, ::-1]), [np.ascontiguousarray(frame[:, ::-1])], settings
    )[0]
    padded = np.concatenate([flow, flow[:1]])
    assert np.abs(mirror(padded)[:2] - flipped)[:, 8:-8, 8:-8].mean() < 0.02


@every_engine
@pytest.mark.promise("input 51")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_nan_is_refused_and_never_becomes_a_flow_of_nothing(
    settings: PrepSettings, value: float
) -> None:
    sound, damaged = moved(), moved(0.5)
    damaged[40, 40] = value
    for onset, frames in ((damaged, [sound]), (sound, [sound, damaged])):
        with pytest.raises(InputError, match="a NaN or an infinity"):
            compute_flow(onset, frames, settings)


@every_engine
def test_no_frames_give_no_fields(settings: PrepSettings) -> None:
    assert compute_flow(moved(), [], settings).shape == (0, 2, SIDE, SIDE)


def test_trimming_the_margin_removes_the_border_spikes_from_the_strain() -> None:
    frames = [moved(0.6, 0.4, noise=1.5, seed=seed) for seed in range(2)]
    flow = compute_flow(moved(), frames, ENGINES["opencv"])
    naive = make_instances(flow, 0)[:, 2].astype(float)
    trimmed = make_instances(flow, 8)[:, 2].astype(float)
    assert trimmed.shape[1:] == (SIDE - 16, SIDE - 16)
    border = np.ones(trimmed.shape[1:], bool)
    border[4:-4, 4:-4] = False
    assert naive.max() > 10 * trimmed[:, ~border].max()  # the trap is real
    assert trimmed[:, border].max() < 0.25 * naive.max()  # nothing moves by more than a shift


def test_single_parameters_go_before_the_profile() -> None:
    profile = resolve_profile(PrepSettings(flow_profile="fast", flow_warps=7))
    assert (profile.warps, profile.scales, profile.blur) == (7, 3, 0.4)


def test_the_exact_profile_has_the_defaults_of_opencv() -> None:
    solver = cv2.optflow.DualTVL1OpticalFlow_create()
    profile = resolve_profile(PrepSettings())
    assert profile.time_step == solver.getTau()
    assert profile.attachment == pytest.approx(solver.getLambda())
    assert profile.coupling == pytest.approx(solver.getTheta())
    assert (profile.scales, profile.warps) == (solver.getScalesNumber(), solver.getWarpingsNumber())
    assert (profile.inner, profile.outer) == (
        solver.getInnerIterations(),
        solver.getOuterIterations(),
    )
    assert profile.epsilon == pytest.approx(solver.getEpsilon())
    assert profile.scale_step == pytest.approx(solver.getScaleStep())
    assert profile.median == solver.getMedianFiltering()
