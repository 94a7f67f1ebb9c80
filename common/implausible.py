"""Implausible clips: frames that do not show one face that moves a little, each by a number.

Such a clip is flagged and kept. The limits are ours; docs/limits.md has what they were chosen by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from raicl.common.quality import Quality

if TYPE_CHECKING:
    from raicl.common.cache.record import ClipRecord

# share of the crop's side: 5 px of 225. On a still face that is moved as far, TV-L1 leaves 0.03 to
# 0.13 px after the head's motion was removed; at 8 px 0.8, at 12 px 2.7
REACH = 1 / 45


class Doubt(NamedTuple):
    """What makes a clip implausible.

    Attributes
    ----------
    flag : its name.
    number : of `Quality`.
    limit : by the side of the crop, px.
    above : whether values above the limit are implausible, or those below.
    meaning : of a clip that is flagged, in a few words.
    sentence : with the value and the limit.
    """

    flag: str
    number: str
    limit: Callable[[int], float]
    above: bool
    meaning: str
    sentence: str


class Found(NamedTuple):
    """A doubt about a clip, with its numbers."""

    flag: str
    value: float
    limit: float
    sentence: str


class ClipDoubt(TypedDict):
    """A `Found` of a clip, as plain values."""

    id: str
    flag: str
    value: float
    limit: float
    sentence: str


def _always(limit: float) -> Callable[[int], float]:
    return lambda crop: limit


DOUBTS = (
    Doubt(
        "still", "repeated_frames", _always(0.0), True,
        "some of its frames repeat an earlier one, pixel by pixel",
        "Of its frames {value:.0f} repeat an earlier one, pixel by pixel.",
    ),
    Doubt(
        "cut", "continuity", _always(0.3), False,
        "a frame shows something else than the one before",
        "The picture is cut: of one frame {value:.0%} of the face is found again, less than "
        "{limit:.0%}.",
    ),
    Doubt(
        "large-motion", "coarse_motion", lambda crop: REACH * crop, True,
        "the head moves beyond the reach of the flow",
        "The head moves by {value:.1f} px of the crop, beyond the {limit:.1f} px that the flow "
        "can follow.",
    ),
    Doubt(
        "onset-blurred", "onset_sharpness", _always(0.8), False,
        "the onset is less sharp than its other frames",
        "The onset has {value:.2f} of the sharpness of the other frames, less than {limit:.2f}.",
    ),
    Doubt(
        "interlaced", "combing", _always(1.25), True,
        "every other line is from another time",
        "Every other line is from another time: neighbouring lines differ {value:.2f} times as "
        "much as neighbouring columns do, more than {limit:.2f}.",
    ),
    Doubt(
        "covered", "unexplained", _always(0.03), True,
        "part of the face is not found again in a later frame",
        "In one frame {value:.1%} of the face is not found again, more than {limit:.0%}: "
        "something covers it, or it opened or turned.",
    ),
)  # fmt: skip
IMPLAUSIBLE = tuple(doubt.flag for doubt in DOUBTS)
MEANINGS = {doubt.flag: doubt.meaning for doubt in DOUBTS}
# a flag is not given beside one of those that are its cause
_CAUSES = {"onset-blurred": {"cut"}, "covered": {"cut", "large-motion"}}


def find_doubts(quality: Quality | None, crop: int) -> list[Found]:
    """What makes a clip implausible. A number that is unknown makes none.

    Parameters
    ----------
    quality : None if it is unknown.
    crop : side S of the crop, px.
    """
    found: list[Found] = []
    for doubt in DOUBTS:
        value, limit = getattr(quality, doubt.number, None), doubt.limit(crop)
        if value is None or not (value > limit if doubt.above else value < limit):
            continue
        if _CAUSES.get(doubt.flag, set()) & {other.flag for other in found}:
            continue
        sentence = doubt.sentence.format(value=value, limit=limit)
        found.append(Found(doubt.flag, value, limit, sentence))
    return found


def list_doubts(records: Iterable[ClipRecord], crop: int) -> list[ClipDoubt]:
    """What makes the clips of a cache implausible, in their order; see `find_doubts`."""
    return [
        ClipDoubt(
            id=record.id,
            flag=found.flag,
            value=found.value,
            limit=found.limit,
            sentence=found.sentence,
        )
        for record in records
        for found in find_doubts(record.quality, crop)
    ]
