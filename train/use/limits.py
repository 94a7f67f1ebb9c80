"""Limits: what is unusual about a clip whatever the model, each with a number and a sentence.

The limits are ours. Each stands beside its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from raicl.common.implausible import find_doubts
from raicl.common.predicted import PredictedFlag
from raicl.common.quality import SMALL_EYES, Quality

# degrees; dlib68 begins to miss the eyes of tilted heads at 25 (docs/method.md 1.1)
TILTED = 20.0
# distances between the eyes. If the tip of a nose stands 0.6 of them before the eyes, this is a
# face turned by 27 degrees. Of 93 photographs of people (docs/method.md 1.1) four are beyond it by
# dlib68, and none by dlib5, which has the base of the nose in place of its tip
PROFILE = 0.3
# grey levels of 255; below, one step of 8 bits is 2.5 % of the light, and 1 % of flicker gives
# 0.1 px of false flow (docs/tvl1.md)
DARK = 40.0
# above, the skin of most faces reaches 255 somewhere, where nothing can be seen to move
BRIGHT = 220.0
# grey levels; the photographs that raicl was tried on have 34 and more. At 15 a noise of one level
# is 7 % of what the flow has to go by
FLAT = 15.0
# share of the contrast; these photographs have 0.18 and more, and 0.08 after a blur whose sigma is
# 3 % of the distance between the eyes, about what a frame of 20 px between the eyes gives
BLURRED = 0.08
# share of the crop's side: 1.1 px of 225. Most expressions move less, so the head moves more than
# what is looked for
MOVED = 0.005


class _Row(NamedTuple):
    flag: str
    number: str  # of `Quality`
    limit: Callable[[int], float]  # of the side of the crop, px
    above: bool  # whether values above the limit are out of range
    sentence: str


def _always(limit: float) -> Callable[[int], float]:
    return lambda crop: limit


def _of_side(share: float) -> Callable[[int], float]:
    return lambda crop: share * crop


_ROWS = (
    _Row(
        "face-small", "eye_distance", _always(SMALL_EYES), False,
        "The face is small: {value:.0f} px between the eyes, where {limit:.0f} are wanted.",
    ),
    _Row(
        "face-tilted", "roll", _always(TILTED), True,
        "The head is tilted by {value:.0f} degrees, more than {limit:.0f}: its landmarks may be "
        "off.",
    ),
    _Row(
        "profile", "turn", _always(PROFILE), True,
        "The face is seen from the side: its nose is {value:.2f} eye distances beside the middle "
        "of the eyes, more than {limit:.2f}. Flow is foreshortened on one half.",
    ),
    _Row(
        "dark", "brightness", _always(DARK), False,
        "The face is dark: grey level {value:.0f}, below {limit:.0f}.",
    ),
    _Row(
        "bright", "brightness", _always(BRIGHT), True,
        "The face is overexposed: grey level {value:.0f}, above {limit:.0f}.",
    ),
    _Row(
        "low-contrast", "contrast", _always(FLAT), False,
        "The face has little contrast: {value:.1f} grey levels, below {limit:.0f}.",
    ),
    _Row(
        "blurred", "sharpness", _always(BLURRED), False,
        "The face is blurred: {value:.3f} of its contrast is fine detail, below {limit:.2f}.",
    ),
    _Row(
        "head-moves", "head_motion", _of_side(MOVED), True,
        "The head moves by {value:.2f} px of the crop, more than {limit:.2f}: that is as far as an "
        "expression moves the skin.",
    ),
    _Row(
        "background-moves", "background_flow", _of_side(MOVED), True,
        "The background moves by {value:.2f} px of the crop, more than {limit:.2f}: the camera "
        "moves, or somebody behind.",
    ),
)  # fmt: skip

_SIGNED = {"roll", "turn"}  # of which the size counts

# what stage 1 says of a clip, and which of it matters here
_OF_STAGE_1 = {
    "face-rotated": "The face was found in a turned frame, and aligned upright.",
    "face-cnn": "Only the last detector found the face: it may be seen from the side, or covered.",
    "several-faces": "There are several faces, of which one was taken.",
    "face-by-motion": "The largest face is as still as a picture, so another one was taken.",
    "short-clip": "The clip has fewer frames than stage 1 wants.",
    "truncated": "The last frames of the interval are missing.",
    "compressed": "The video is strongly compressed, which takes away the grain that flow goes by.",
    "frame-gap": "Frames within the interval are missing.",
}


def fixed_flags(quality: Quality | None, crop: int) -> list[PredictedFlag]:
    """Flags of the numbers that a cache keeps of a clip. A number that is not known gives none.

    Parameters
    ----------
    quality : None if the cache keeps none, which is a flag itself.
    crop : side of the crop, px.
    """
    if quality is None:
        unknown = "The cache says nothing of the face: an older raicl prepared it."
        return [PredictedFlag(name="quality-unknown", sentence=unknown)]
    found = []
    for row in _ROWS:
        value, limit = getattr(quality, row.number), row.limit(crop)
        if value is None:
            continue
        value = abs(value) if row.number in _SIGNED else value
        if value > limit if row.above else value < limit:
            sentence = row.sentence.format(value=value, limit=limit)
            found.append(PredictedFlag(name=row.flag, value=value, limit=limit, sentence=sentence))
    return found + [
        PredictedFlag(name=it.flag, value=it.value, limit=it.limit, sentence=it.sentence)
        for it in find_doubts(quality, crop)
    ]


def stage_1_flags(flags: Sequence[str]) -> list[PredictedFlag]:
    """What stage 1 said of a clip, as far as it matters to a prediction."""
    return [
        PredictedFlag(name=name, sentence=_OF_STAGE_1[name])
        for name in flags
        if name in _OF_STAGE_1
    ]
