"""Ranges: what the clips were like that a model learnt from, and whether another clip is alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from raicl.common.predicted import PredictedFlag
from raicl.train.fitted.records import Statistics
from raicl.train.scores.predictions import Prediction

LOW, HIGH = 0.01, 0.99  # shares of the training clips: the ends are not left to single clips
# A range is widened at both ends by half of its width, or else the few people of a small database
# would make everybody else unusual.
WIDER = 0.5
FAR_RATE = 1.25  # 24 and 30 frames per second are near, 100 and 200 are not


class _Row(NamedTuple):
    flag: str
    number: str  # of `raicl.train.fitted.statistics`
    least: float  # by which a range is widened at least, in the unit of the number
    low: bool  # whether less than in training is unusual
    high: bool  # whether more is
    sentence: str


_ROWS = (
    _Row("motion-untrained", "motion_mean_px", 0.02, True, True,
         "The face moves by {value:.2f} px in the mean, {side} than in training ({limit:.2f})."),
    _Row("peak-motion-untrained", "motion_p99_px", 0.05, True, True,
         "What moves most moves by {value:.2f} px, {side} than in training ({limit:.2f})."),
    _Row("length-untrained", "length_s", 0.05, True, True,
         "The clip lasts {value:.2f} s, {side} than in training ({limit:.2f})."),
    _Row("eye-distance-untrained", "eye_distance", 5.0, True, False,
         "There are {value:.0f} px between the eyes, {side} than in training ({limit:.0f})."),
    _Row("roll-untrained", "roll", 5.0, True, True,
         "The head is turned by {value:.0f} degrees, {side} than in training ({limit:.0f})."),
    _Row("turn-untrained", "turn", 0.05, True, True,
         "The nose is {value:.2f} eye distances beside the eyes' middle, {side} than in training "
         "({limit:.2f})."),
    _Row("brightness-untrained", "brightness", 20.0, True, True,
         "The face has grey level {value:.0f}, {side} than in training ({limit:.0f})."),
    _Row("contrast-untrained", "contrast", 10.0, True, True,
         "The face has a contrast of {value:.0f}, {side} than in training ({limit:.0f})."),
    _Row("sharpness-untrained", "sharpness", 0.04, True, True,
         "{value:.3f} of the contrast is fine detail, {side} than in training ({limit:.3f})."),
    _Row("head-motion-untrained", "head_motion", 0.1, False, True,
         "The head moves by {value:.2f} px, {side} than in training ({limit:.2f})."),
    _Row("background-untrained", "background_flow", 0.1, False, True,
         "The background moves by {value:.2f} px, {side} than in training ({limit:.2f})."),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """What the training clips were like.

    Attributes
    ----------
    ends : the least and the greatest usual value, by number (see `raicl.train.fitted.statistics`).
    rates : frames per second of the training clips. Empty if not known.
    """

    ends: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    rates: tuple[float, ...] = ()


def ranges_of(statistics: Statistics) -> Ranges:
    """The ranges of a model of ``raicl fit``. A number that no clip has is left out."""
    low, high = statistics.shares.index(LOW), statistics.shares.index(HIGH)
    known = {name: found.quantiles for name, found in statistics.quantities.items()}
    return Ranges(
        ends={name: (q[low], q[high]) for name, q in known.items() if q is not None},
        rates=tuple(row.fps for row in statistics.frame_rates if row.fps is not None),
    )


def ranges_of_run(predictions: Sequence[Prediction]) -> Ranges:
    """The ranges of a run: it says how much its clips move, and nothing else."""
    known = [row.motion_px for row in predictions if row.motion_px is not None]
    if not known:
        return Ranges()
    low, high = np.quantile(known, (LOW, HIGH)).tolist()
    return Ranges(ends={"motion_mean_px": (low, high)})


def untrained_flags(
    values: Mapping[str, float | None], rate: float | None, ranges: Ranges
) -> list[PredictedFlag]:
    """Flags of a clip that is unlike those of the training.

    Parameters
    ----------
    values : numbers of the clip by name. One that is not known, or not in the ranges, gives none.
    rate : frames per second of the clip.
    """
    found = []
    for row in _ROWS:
        value, ends = values.get(row.number), ranges.ends.get(row.number)
        if value is None or ends is None:
            continue
        low, high = widened(*ends, least=row.least)
        if row.low and value < low:
            limit, side = low, "less"
        elif row.high and value > high:
            limit, side = high, "more"
        else:
            continue
        sentence = row.sentence.format(value=value, limit=limit, side=side)
        found.append(PredictedFlag(name=row.flag, value=value, limit=limit, sentence=sentence))
    return [*found, *rate_flags(rate, ranges.rates)]


def widened(low: float, high: float, *, least: float) -> tuple[float, float]:
    """A range with half of its width, or else `least`, more at each end."""
    more = max(WIDER * (high - low), least)
    return low - more, high + more


def rate_flags(rate: float | None, rates: Sequence[float]) -> list[PredictedFlag]:
    """The flag of a frame rate that is not known, or is far from all those of the training."""
    if not rates:
        return []
    if rate is None:
        unknown = "The frame rate is not known, so nothing says how long the clip lasts."
        return [PredictedFlag(name="frame-rate-unknown", sentence=unknown)]
    nearest = min(rates, key=lambda known: max(known / rate, rate / known))
    if max(nearest / rate, rate / nearest) <= FAR_RATE:
        return []
    limit = nearest * FAR_RATE if rate > nearest else nearest / FAR_RATE
    sentence = (
        f"The clip has {rate:g} frames per second. The nearest rate of the training is {nearest:g}."
    )
    return [PredictedFlag(name="frame-rate-untrained", value=rate, limit=limit, sentence=sentence)]
