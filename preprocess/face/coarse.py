"""Coarse motion of the head: points of the face that are tracked, far beyond the reach of the flow.

TV-L1 follows motions of a few px. Beyond, it fits something else, and what is left after the head's
motion was removed looks like an expression. Tracked points (Lucas-Kanade on a pyramid) are not as
exact, but go farther. They tell how far the head moves, and bring a frame near its onset first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from raicl.common.crop import face_mask
from raicl.preprocess.face.align import carry
from raicl.preprocess.face.head_motion import fit_similarity
from raicl.preprocess.face.quality import spread_at
from raicl.preprocess.opencv import opencv

Grey = NDArray[np.uint8]

# [ours] px of the crops in which points are tracked; half the usual side, for the time
_SIDE = 113
_POINTS, _LEAST_POINTS = 40, 8
_CORNER, _APART = 0.01, 5  # least quality of a point, of the best one's; px between points
_SIDES = (11, 11)
_WINDOW = {"winSize": _SIDES, "maxLevel": 3}
_RETURN = 0.5  # px; a point that is not tracked back to its place was not tracked
_UNLIKE = 0.5  # mean difference of what was tracked, over the standard deviation of the window
_NEARLY = 0.2  # px; what is left of a translation by a head that neither turns nor grows
_ALIKE = 1.0  # px; a point that is farther from where the similarity takes it moves otherwise
_LEAST_ALIKE = 0.5  # share of the points; with fewer, nobody knows how the head moved


@dataclass(frozen=True)
class Tracked:
    """Where the points of a face are in another frame.

    Attributes
    ----------
    similarity : (2, 3), px of the crop without its margin, from the first frame to the other.
    alike : share of the points that can be tracked and move by it.
    """

    similarity: NDArray[np.float64]
    alike: float

    @property
    def known(self) -> bool:
        """Whether enough points say so."""
        return self.alike >= _LEAST_ALIKE


class Anchor:
    """A frame between which and others points of the face are tracked.

    Parameters
    ----------
    crop : aligned frame, (S + 2·margin, S + 2·margin).
    margin : px around the crop.
    """

    def __init__(self, crop: Grey, margin: int) -> None:
        self._side, self._margin = len(crop), margin
        self._small = self._shrink(crop)

    @cached_property
    def _points(self) -> NDArray[np.float32]:
        """(K, 1, 2) px of the small crop."""
        cv2 = opencv()
        size = self._side - 2 * self._margin
        mask = np.zeros((self._side, self._side), np.uint8)
        inner = slice(self._margin, self._margin + size)
        mask[inner, inner] = face_mask(size)
        mask = cv2.resize(mask, self._small.shape[::-1], interpolation=cv2.INTER_NEAREST)
        found = cv2.goodFeaturesToTrack(
            self._small, _POINTS, _CORNER, _APART, mask=mask, blockSize=5
        )
        return np.empty((0, 1, 2), np.float32) if found is None else found

    @cached_property
    def _spread(self) -> NDArray[np.float32]:
        return spread_at(self._small, self._points[:, 0], _SIDES)

    @property
    def is_textured(self) -> bool:
        """Whether there are points to track; a flat picture has none."""
        return len(self._points) >= _LEAST_POINTS

    def track(self, other: Anchor) -> Tracked:
        """Track the points to the same crop of another frame."""
        nothing = Tracked(np.eye(2, 3), 0.0)
        if not self.is_textured:
            return nothing
        cv2 = opencv()
        small = other._small
        there, found, error = cv2.calcOpticalFlowPyrLK(
            self._small, small, self._points, None, **_WINDOW
        )
        back, again, _ = cv2.calcOpticalFlowPyrLK(small, self._small, there, None, **_WINDOW)
        kept = (found[:, 0] & again[:, 0]).astype(bool)
        kept &= np.hypot(*(back - self._points)[:, 0].T) < _RETURN
        kept &= error[:, 0] < _UNLIKE * self._spread
        if kept.sum() < _LEAST_POINTS:
            return nothing
        here, moved = self._points[:, 0].astype(float), there[:, 0].astype(float)
        fitted = _fit(here[kept], moved[kept])
        astray = np.hypot(*(carry(here, fitted) - moved).T)
        return Tracked(self._enlarged(fitted), float((kept & (astray < _ALIKE)).mean()))

    def _shrink(self, crop: Grey) -> Grey:
        if self._side <= _SIDE:
            return crop
        cv2 = opencv()
        small = cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)

    def _enlarged(self, similarity: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same in px of the crop without its margin."""
        scale = self._side / len(self._small)
        # pixel centres, then the margin: x = (small + 0.5) · scale − 0.5 − margin
        offset = 0.5 * scale - 0.5 - self._margin
        matrix = similarity[:, :2]
        shift = scale * similarity[:, 2] + offset - matrix @ np.full(2, offset)
        return np.column_stack([matrix, shift])


def _fit(here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    """The similarity of most points; their median translation, which is quick, if it is enough."""
    moves = there - here
    shift = np.median(moves, axis=0)
    if np.median(np.hypot(*(moves - shift).T)) < _NEARLY:
        return np.column_stack([np.eye(2), shift])
    return fit_similarity(here, there)
