"""Temperature: the one number that calibrates logits (Guo et al. 2017, section 4.2)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = 0.05, 20.0  # temperatures that are tried
_STEPS = 121  # of the first look, equal in ln T
_PRECISE = 1e-7  # of ln T
_GOLDEN = (math.sqrt(5) - 1) / 2


class Outputs(NamedTuple):
    """What a network gave for C clips, each seen in one row or in several.

    Attributes
    ----------
    logits : (R, L).
    clips : which of the clips each row belongs to, 0 … C - 1, (R,).
    weights : share of each row in the probabilities of its clip, above 0, (R,). Of a clip they sum
        to 1.
    labels : true class of each clip, (C,).
    """

    logits: NDArray[np.float64]
    clips: NDArray[np.int64]
    weights: NDArray[np.float64]
    labels: NDArray[np.int64]


def log_loss(outputs: Outputs, temperature: float) -> float:
    """Mean negative log-likelihood of the true classes, nats.

    The probabilities of a clip are the weighted mean over its rows of softmax(logits / T), as they
    are when it is tested.
    """
    scaled = outputs.logits / temperature
    scaled -= scaled.max(1, keepdims=True)  # exp cannot overflow
    true = np.take_along_axis(scaled, outputs.labels[outputs.clips][:, None], 1)[:, 0]
    of_rows = true - np.log(np.exp(scaled).sum(1)) + np.log(outputs.weights)
    of_clips = np.full(len(outputs.labels), -np.inf)
    np.logaddexp.at(of_clips, outputs.clips, of_rows)
    return float(-of_clips.mean())


def fit_temperature(outputs: Outputs) -> float:
    """The temperature of the least `log_loss`, with a prior, between `LOWEST` and `HIGHEST`.

    Few clips would call for any temperature: a handful that are all right for 0. So ln T has a
    normal prior around 0 with standard deviation 1 [ours]: C times the loss plus (ln T)^2 / 2 is
    least. With a hundred clips it changes next to nothing.

    ln T is looked up on a grid and then narrowed down by golden sections, because the loss of
    averaged probabilities may have several valleys.
    """
    grid = np.linspace(math.log(LOWEST), math.log(HIGHEST), _STEPS)
    losses = [_posterior(outputs, x) for x in grid]
    best = int(np.argmin(losses))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _STEPS - 1)]
    found = _narrow(lambda x: _posterior(outputs, x), float(low), float(high))
    better = _posterior(outputs, found) < losses[best]
    return math.exp(found if better else float(grid[best]))


def _posterior(outputs: Outputs, x: float) -> float:
    """What ln T = x costs per clip."""
    return log_loss(outputs, math.exp(x)) + x * x / (2 * len(outputs.labels))


def _narrow(loss: Callable[[float], float], low: float, high: float) -> float:
    """Golden-section search for the least `loss` between two ends."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    while high - low > _PRECISE:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(right)
    return (low + high) / 2
