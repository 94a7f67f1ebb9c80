"""The numbers of `raicl.common.quality`: how each is computed, and what is flagged by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from raicl.common.crop import face_mask
from raicl.common.implausible import find_doubts
from raicl.common.quality import SMALL_EYES, Quality
from raicl.preprocess.opencv import opencv

_DIGITS = 3  # decimals; finer than any of the numbers is known

_FINE = 1 / 100  # share of the crop's side: what a Gaussian of this sigma takes away is fine detail

# Background, in distances between the eyes from their middle: above the chin, and beside or above
# the head. Hair, neck and shoulders are left out.
_CHIN, _ASIDE, _ABOVE = 1.8, 2.0, -2.2
_TRACK_WIDTH = 320  # px of the copy in which points are tracked
_POINTS, _LEAST_POINTS = 40, 8
_CORNER = 0.02  # least quality of a point, of the best one's
_APART = 6  # px between points
_SIDES = (15, 15)
_WINDOW = {"winSize": _SIDES, "maxLevel": 2}
_RETURN = 0.5  # px; a point that is not tracked back to its place was not tracked
_UNLIKE = 0.5  # mean difference of what was tracked, over its standard deviation; of noise above 1
WATCHED = 4  # frames in which the background is looked at


def measure_quality(
    *,
    eyes: NDArray[np.float64],
    turned: float | None,
    face: NDArray[np.uint8],
    rigid: NDArray[np.float64],
    heads: NDArray[np.float64] | None,
    background: float | None,
    others: Mapping[str, float | None] | None = None,
) -> Quality:
    """The quality of a clip, rounded.

    Parameters
    ----------
    eyes : (2, 2) px of the raw frame, the eye on the picture's left of an upright face first; (0,
        2) without landmarks.
    turned : what `raicl.preprocess.face.shape.turn` says of the landmarks; None without any.
    face : (S, S) uint8, the aligned onset.
    rigid : (K, 2) rigid landmarks on the onset, px of the crop.
    heads : (N, 2, 3) similarities of the head, px of the crop; None without landmarks.
    background : px of the crop, or None (see `background_flow`).
    others : further numbers of the clip, by their names in `Quality`.
    """
    found = Quality(
        eye_distance=eye_distance(eyes) if len(eyes) else None,
        roll=roll(eyes) if len(eyes) else None,
        turn=turned,
        brightness=brightness(face),
        contrast=contrast(face),
        sharpness=sharpness(face),
        head_motion=None if heads is None else head_motion(heads, rigid),
        background_flow=background,
        **(others or {}),
    )
    numbers = {field.name: getattr(found, field.name) for field in fields(Quality)}
    return Quality(**{k: None if v is None else round(v, _DIGITS) for k, v in numbers.items()})


def quality_flags(quality: Quality, size: int) -> tuple[str, ...]:
    """Flags of a clip that follow from its numbers: ``face-small``, and why it is implausible.

    Parameters
    ----------
    size : side S of the crop, px.
    """
    small = quality.eye_distance is not None and quality.eye_distance < SMALL_EYES
    doubts = tuple(doubt.flag for doubt in find_doubts(quality, size))
    return (("face-small",) if small else ()) + doubts


def eye_distance(eyes: NDArray[np.float64]) -> float:
    """Distance between the eye centres (2, 2), px."""
    return float(np.hypot(*(eyes[1] - eyes[0])))


def roll(eyes: NDArray[np.float64]) -> float:
    """Angle of the line from the first eye to the second, degrees in (-180, 180].

    It is positive if the second is lower: an upright head is turned clockwise on the screen.
    """
    right, down = eyes[1] - eyes[0]
    return float(np.degrees(np.arctan2(down, right)))


def brightness(face: NDArray[np.uint8]) -> float:
    """Mean grey level of the face in the crop (S, S)."""
    return float(face[face_mask(len(face))].mean())


def contrast(face: NDArray[np.uint8]) -> float:
    """Standard deviation of the face in the crop (S, S), grey levels."""
    return float(face[face_mask(len(face))].std())


def sharpness(face: NDArray[np.uint8]) -> float:
    """Standard deviation of the fine detail in the crop (S, S) over that of the crop, 0 to 1.

    Fine detail is what a Gaussian blur takes away whose sigma is a hundredth of the side. It is
    taken from the crop, so a face that is small in the frame is less sharp. A flat crop has 0.
    """
    grey, inside = face.astype(np.float32), face_mask(len(face))
    smooth = opencv().GaussianBlur(grey, (0, 0), _FINE * len(face))
    return float((grey - smooth)[inside].std() / max(grey[inside].std(), 1e-6))


def head_motion(heads: NDArray[np.float64], rigid: NDArray[np.float64]) -> float:
    """Largest over the instances of the root mean square way of the rigid landmarks, px.

    Parameters
    ----------
    heads : (N, 2, 3) similarities, px of the crop on the onset → px of the crop on frame n.
    rigid : (K, 2) px of the crop.
    """
    return float(head_ways(heads, rigid).max())


def head_ways(heads: NDArray[np.float64], rigid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square way (N,) of the rigid landmarks on each frame, px; see `head_motion`."""
    moved = np.einsum("nij,kj->nki", heads[:, :, :2], rigid) + heads[:, None, :, 2]
    return np.asarray(np.sqrt(((moved - rigid) ** 2).sum(-1).mean(-1)))


def watched_rows(count: int) -> list[int]:
    """Rows of the instances in whose frames the background is looked at: evenly spread."""
    return sorted(set(np.linspace(0, count - 1, WATCHED).round().astype(int).tolist()))


def shrink(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The copy of a raw frame (h, w) in which points are tracked."""
    scale = _TRACK_WIDTH / max(frame.shape)
    if scale >= 1:
        return frame
    cv2 = opencv()
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def background_flow(
    onset: NDArray[np.uint8], frames: Sequence[NDArray[np.uint8]], eyes: NDArray[np.float64]
) -> float | None:
    """Largest over the frames of the median way of points beside and above the head.

    Corners of the onset are tracked (Lucas-Kanade) to each frame and back. What does not look alike
    there, or does not come back, is not counted, so that the noise of a bare wall is no motion.

    Parameters
    ----------
    onset, frames : copies of raw frames, all made by `shrink`.
    eyes : (2, 2) px of `onset`.

    Returns
    -------
    Distances between the eyes, or None if fewer than eight points can be tracked to any frame.
    """
    cv2 = opencv()
    points = cv2.goodFeaturesToTrack(
        onset, _POINTS, _CORNER, _APART, mask=_background_of(onset.shape, eyes), blockSize=7
    )
    if points is None:
        return None
    unlike = _UNLIKE * spread_at(onset, points[:, 0], _SIDES)
    ways = []
    for frame in frames:
        there, found, error = cv2.calcOpticalFlowPyrLK(onset, frame, points, None, **_WINDOW)
        back, again, _ = cv2.calcOpticalFlowPyrLK(frame, onset, there, None, **_WINDOW)
        astray = np.hypot(*(back - points)[:, 0].T)
        kept = (found[:, 0] & again[:, 0]).astype(bool) & (astray < _RETURN)
        kept &= error[:, 0] < unlike
        if kept.sum() >= _LEAST_POINTS:
            ways.append(float(np.median(np.hypot(*(there - points)[kept, 0].T))))
    return max(ways) / eye_distance(eyes) if ways else None


def spread_at(
    image: NDArray[np.uint8], points: NDArray[np.float32], window: tuple[int, int]
) -> NDArray[np.float32]:
    """Standard deviation of the window around each of the points (K, 2), grey levels."""
    cv2 = opencv()
    grey = image.astype(np.float32)
    mean, square = (cv2.blur(part, window) for part in (grey, grey**2))
    column, row = np.rint(points).astype(int).T
    variance = (square - mean**2)[row, column]
    return np.asarray(np.sqrt(np.maximum(variance, 0)), np.float32)


def _background_of(shape: tuple[int, ...], eyes: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Mask of the background; it is turned with the face."""
    left, right = eyes @ (1, 1j)
    down, across = np.mgrid[: shape[0], : shape[1]]
    place = (across + 1j * down - (left + right) / 2) / (right - left)
    beside = (np.abs(place.real) > _ASIDE) | (place.imag < _ABOVE)
    return np.asarray((beside & (place.imag < _CHIN)) * 255, np.uint8)
