"""Flicker is taken out before the flow, and nothing else is."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from raicl.preprocess.flow.engine import compute_flow
from raicl.preprocess.instances import match_light
from raicl.preprocess.settings import PrepSettings

INNER = slice(8, 88)


def camera(gain: float, seed: int) -> np.ndarray:
    """A still texture under a lamp of brightness `gain`, with noise of one grey level."""
    texture = gaussian_filter(np.random.default_rng(0).normal(size=(96, 96)), 2)
    image = gain * (110 + 30 * texture / texture.std())
    noise = np.random.default_rng(seed).normal(size=image.shape)
    return np.rint(image + noise).clip(0, 255).astype(np.uint8)


def test_the_mean_over_the_crop_becomes_the_onsets() -> None:
    onset, frame = camera(1, 1), camera(0.9, 2)
    matched = match_light(frame, onset, INNER)
    assert matched.dtype == np.float32
    assert matched[INNER, INNER].mean() == pytest.approx(onset[INNER, INNER].mean(), rel=1e-5)


def test_an_equal_frame_and_a_black_one_stay_as_they_are() -> None:
    onset = camera(1, 1)
    np.testing.assert_array_equal(match_light(onset, onset, INNER), onset)
    assert match_light(np.zeros_like(onset), onset, INNER).max() == 0


def test_two_per_cent_of_flicker_give_no_false_flow_any_more() -> None:
    onset, frame = camera(1, 1), camera(1.02, 2)
    settings = PrepSettings()

    def false_flow(image: np.ndarray) -> float:
        flow = compute_flow(onset.astype(np.float32), [image.astype(np.float32)], settings)[0]
        return float(np.hypot(*flow)[INNER, INNER].mean())

    unmatched, matched = false_flow(frame), false_flow(match_light(frame, onset, INNER))
    assert matched <= 0.03
    assert unmatched > 2 * matched  # the trap is real
