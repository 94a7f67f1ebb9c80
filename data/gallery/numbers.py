"""Numbers: what a clip of the gallery is measured by, and how far it is from the other clips."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.measure import Measure as FlowMeasure
from raicl.common.quality import UNITS

Numbers = Mapping[str, float]
Floats = NDArray[np.float64]
_NORMAL = 1.4826  # standard deviation over median absolute deviation, of a normal distribution


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number that clips are sorted by.

    Attributes
    ----------
    name : for people.
    unit : for people.
    bad : which end of it is bad for a clip [ours]. Of `turned` numbers the size counts, not the
        sign.
    digits : decimals that are shown.
    least_spread : a smaller spread over the clips is taken as this one [ours], so that a number
        which hardly differs makes no clip look bad.
    """

    name: str
    unit: str
    bad: Literal["least", "greatest", "either", "turned"]
    digits: int
    least_spread: float


def _of_quality(
    key: str, bad: Literal["least", "greatest", "either", "turned"], digits: int, spread: float
) -> Measure:
    name = key.removesuffix("_flow").replace("_", " ")
    return Measure(name=name, unit=UNITS[key], bad=bad, digits=digits, least_spread=spread)


MEASURES = {
    "eye_distance": _of_quality("eye_distance", "least", 1, 2.0),
    "roll": _of_quality("roll", "turned", 1, 1.0),
    "turn": _of_quality("turn", "turned", 2, 0.02),
    "brightness": _of_quality("brightness", "either", 0, 5.0),
    "contrast": _of_quality("contrast", "least", 1, 2.0),
    "sharpness": _of_quality("sharpness", "least", 3, 0.01),
    "head_motion": _of_quality("head_motion", "greatest", 2, 0.1),
    "background_flow": _of_quality("background_flow", "greatest", 2, 0.1),
    "repeated_frames": _of_quality("repeated_frames", "greatest", 0, 1.0),
    "continuity": _of_quality("continuity", "least", 2, 0.05),
    "coarse_motion": _of_quality("coarse_motion", "greatest", 2, 0.5),
    "onset_sharpness": _of_quality("onset_sharpness", "least", 2, 0.05),
    "combing": _of_quality("combing", "greatest", 2, 0.05),
    "unexplained": _of_quality("unexplained", "greatest", 3, 0.005),
    "faces": _of_quality("faces", "greatest", 0, 1.0),
    "flow": Measure(
        name="mean |flow|", unit="px of the crop", bad="either", digits=3, least_spread=0.01
    ),
    "strain": Measure(
        name="mean strain", unit="px per px", bad="either", digits=4, least_spread=0.001
    ),
}


def measures_of(flow: FlowMeasure) -> dict[str, Measure]:
    """`MEASURES` as they are named for a cache whose flow has this unit, or none."""
    if flow.unit:
        return MEASURES
    unitless = {name: replace(MEASURES[name], unit="") for name in ("flow", "strain")}
    return MEASURES | unitless


class Concern(NamedTuple):
    """How much a clip asks to be looked at.

    Attributes
    ----------
    score : the larger, the more.
    furthest : the number that is furthest from those of the other clips, on its bad side; empty if
        none is.
    deviations : how far that is, see `deviations`.
    """

    score: float
    furthest: str
    deviations: float


def concerns(numbers: Sequence[Numbers], flags: Sequence[Sequence[str]]) -> list[Concern]:
    """The concern of every clip [ours].

    The score is the distance of the furthest number, plus the rarity of each flag: -log2 of the
    share of clips that have it. A flag that every clip has adds nothing.

    Parameters
    ----------
    numbers : of each clip those that are known, by the names of `MEASURES`.
    flags : of each clip.
    """
    far = {name: deviations(name, [clip.get(name) for clip in numbers]) for name in MEASURES}
    carried = Counter(flag for clip in flags for flag in set(clip))
    found = []
    for row, clip in enumerate(flags):
        own = {name: values[row] for name, values in far.items() if values[row] > 0}
        furthest = max(own, key=lambda name: own[name], default="")
        rarity = sum(-math.log2(carried[flag] / len(flags)) for flag in set(clip))
        distance = own.get(furthest, 0.0)
        found.append(Concern(distance + rarity, furthest, distance))
    return found


def deviations(name: str, values: Sequence[float | None]) -> list[float]:
    """How far each value is from the median on its bad side, 0 on the good one or if it is None.

    The unit is the spread of the values: the standard deviation that a normal distribution with
    their median absolute deviation has. Clips that are far away do not change it.
    """
    measure = MEASURES[name]
    known = np.array([value for value in values if value is not None], np.float64)
    if not known.size:
        return [0.0] * len(values)
    known = np.abs(known) if measure.bad == "turned" else known
    away = known - np.median(known)
    spread = max(_NORMAL * float(np.median(np.abs(away))), measure.least_spread)
    far: Floats = {"least": -away, "either": np.abs(away)}.get(measure.bad, away)
    scaled = iter((far.clip(0) / spread).tolist())
    return [0.0 if value is None else next(scaled) for value in values]
