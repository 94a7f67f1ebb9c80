"""Continuity: whether the frames of a clip show one face that moves a little, in numbers.

A cut, a repeated frame, a blurred onset, interlacing or a hand over the face all become flow that
looks like any other. `raicl.common.implausible` says from where on a clip is flagged.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from raicl.common.crop import FACE_CENTRE, FACE_RADII, face_mask
from raicl.preprocess.face.align import carry
from raicl.preprocess.face.coarse import Anchor, Tracked
from raicl.preprocess.opencv import opencv

Grey = NDArray[np.uint8]

_GLANCE = 30  # px, side of the copy that is looked at before points are tracked
_ALIKE = 0.97  # least correlation of two copies; of 48 clean synthetic clips 0.998 and more
_GOES_ON = 0.5  # share of the points; what goes on from the onset as far need not be asked further
_UNEXPLAINED = 0.35  # of the contrast; a difference that is as large is no grain
_SMOOTH = 1 / 100  # share of the crop's side: what a single pixel shows is no difference


class Continuity:
    """Watches the frames of a clip in their order.

    Parameters
    ----------
    crop : the aligned onset, (S + 2·margin, S + 2·margin).
    margin : px around the crop.
    """

    def __init__(self, crop: Grey, margin: int) -> None:
        self._margin = margin
        self._onset = self._before = Anchor(crop, margin)
        self._glance = _glance(crop)
        self._crops = {_digest(crop)}
        self._repeated = 0
        self._least: float | None = None
        self._farthest: float | None = None
        self._size = len(crop) - 2 * margin

    def see(self, crop: Grey, *, track: bool) -> Tracked | None:
        """Look at the crop of the next frame.

        Parameters
        ----------
        track : track points even if the frame looks like the onset at a glance.

        Returns
        -------
        Where the face is; None if no points were tracked.
        """
        digest = _digest(crop)
        self._repeated += digest in self._crops
        self._crops.add(digest)
        if not track and _correlation(self._glance, _glance(crop)) >= _ALIKE:
            self._before = self._onset
            return None
        here = Anchor(crop, self._margin)
        found = self._onset.track(here)
        alike = found.alike
        if alike < _GOES_ON and self._before.is_textured:
            alike = max(alike, self._before.track(here).alike)
        if self._onset.is_textured and self._before.is_textured:
            self._least = alike if self._least is None else min(self._least, alike)
        if found.known:
            way = face_way(found.similarity, self._size)
            self._farthest = max(way, self._farthest or 0.0)
        self._before = here
        return found

    def numbers(self) -> dict[str, float | None]:
        """What `raicl.common.quality.Quality` calls so, of the frames that were seen."""
        return {
            "repeated_frames": float(self._repeated),
            "continuity": self._least,
            "coarse_motion": self._farthest,
        }


def face_way(similarity: NDArray[np.float64], size: int) -> float:
    """Root mean square way of the face's rim under a similarity (2, 3) of the crop, px."""
    (x, y), (across, down) = FACE_CENTRE, FACE_RADII
    rim = (size - 1) * np.array([(x - across, y), (x + across, y), (x, y - down), (x, y + down)])
    return float(np.sqrt(((carry(rim, similarity) - rim) ** 2).sum(1).mean()))


def combing(frame: Grey, eyes: NDArray[np.float64]) -> float | None:
    """How much neighbouring lines of a raw frame differ, over how much neighbouring columns do.

    A line is compared with the mean of the two beside it, and this over the same with the two after
    next. In a picture of one time this is as large for lines as for columns. In an interlaced frame
    it is larger, as far as what moves has moved between its two fields.

    Parameters
    ----------
    frame : (h, w).
    eyes : (2, 2) px; the face around them is looked at. Without any (0, 2), the whole frame.

    Returns
    -------
    None where the picture is flat.
    """
    region = frame
    if len(eyes):
        distance = float(np.hypot(*(eyes[1] - eyes[0])))
        low = np.maximum(eyes.min(0) - 0.5 * distance, 0).astype(int)
        high = (eyes.max(0) + np.array([0.5, 1.5]) * distance).astype(int)
        region = frame[low[1] : high[1], low[0] : high[0]]
    if min(region.shape, default=0) < 8:
        return None
    grey = region.astype(np.float32)
    down, across = _roughness(grey), _roughness(grey.T)
    return down / across if across > 0 and down > 0 else None


def _roughness(grey: NDArray[np.float32]) -> float:
    """Mean difference of a row from its neighbours, over that from those after next."""
    middle = grey[2:-2]
    next_to, after_next = (grey[1:-3] + grey[3:-1]) / 2, (grey[:-4] + grey[4:]) / 2
    far = float(np.abs(middle - after_next).mean())
    return float(np.abs(middle - next_to).mean()) / far if far > 0 else 0.0


def unexplained(onset: Grey, frame: Grey, flow: NDArray[np.float32], margin: int) -> float:
    """Share of the face whose grey levels are not found again where the flow says.

    Parameters
    ----------
    onset, frame : aligned, (S + 2·margin, S + 2·margin).
    flow : (2, S, S) px, from the onset to the frame, the motion of the head included.
    """
    cv2 = opencv()
    size = flow.shape[-1]
    inner, half = slice(margin, margin + size), (size + 1) // 2
    column, row = _places(size, margin)
    there = cv2.remap(
        frame, column + flow[0], row + flow[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    # half as large, for the time: only what is larger than grain counts
    here, there = (
        cv2.resize(part, (half, half), interpolation=cv2.INTER_AREA).astype(np.float32)
        for part in (onset[inner, inner], there)
    )
    inside, sigma = face_mask(half), _SMOOTH * half
    # medians, which a dark hand does not move
    there *= np.median(here[inside]) / max(float(np.median(there[inside])), 1.0)
    away = cv2.GaussianBlur(np.abs(cv2.GaussianBlur(here - there, (0, 0), sigma)), (0, 0), sigma)
    contrast = max(float(here[inside].std()), 1.0)
    return float((away[inside] > _UNEXPLAINED * contrast).mean())


@lru_cache(maxsize=4)
def _places(size: int, margin: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Column and row of each px of the crop, in px of the crop with its margin."""
    row, column = np.mgrid[:size, :size].astype(np.float32) + np.float32(margin)
    return column, row


def _digest(crop: Grey) -> bytes:
    return hashlib.blake2b(crop.tobytes(), digest_size=16).digest()


def _glance(crop: Grey) -> NDArray[np.float32]:
    cv2 = opencv()
    small = cv2.resize(crop, (_GLANCE, _GLANCE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(small - small.mean(), np.float32)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Of two copies without their means; 0 where one is flat."""
    spread = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / spread if spread > 0 else 0.0
