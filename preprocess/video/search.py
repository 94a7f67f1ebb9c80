"""Search: intervals in which a face moves and comes back, proposed for a look. Triage, no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.common.terminal.progress import progress
from raicl.common.video import Intensity, VideoInterval
from raicl.preprocess.opencv import opencv
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.intensity import LAG, motion_intensity, noise_floor, propose
from raicl.preprocess.video.intervals import make_interval
from raicl.preprocess.video.recording import Recording
from raicl.preprocess.video.tracking import UNIT, Tracker

_RATE = 30.0  # frames per second that are analysed; a fast camera's frames are left out between
_STRETCH = 2.0  # s; the face is located anew for each
_WIDTH = 640  # px of the larger side of the copy in which the search looks

Grey = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a look at a recording found.

    Attributes
    ----------
    faces : number of faces on the first frame that shows one.
    intervals : the proposed ones. Empty if nothing moved, or if intervals were given.
    intensity, noise_floor : see `VideoInput`; None if intervals were given.
    """

    faces: int
    intervals: tuple[VideoInterval, ...] = ()
    intensity: Intensity | None = None
    noise_floor: float | None = None


def search(recording: Recording, settings: PrepSettings, face: int) -> Search:
    """Propose intervals of a recording.

    It is read once, in stretches of a few seconds that overlap by the longest expression on each
    side, and no more than one stretch is held.

    Parameters
    ----------
    settings : those of stage 1, for alignment and landmarks.
    face : which face is meant, by size from 1.

    Raises
    ------
    InputError : no stretch shows the face, or a frame cannot be decoded.
    """
    step = max(1, round(recording.fps / _RATE))
    rate = recording.fps / step
    lag = max(1, round(LAG * rate))
    tracker = Tracker(settings, face)
    indices = np.arange(0, len(recording.numbers), step)
    values = np.full(len(indices), np.nan, np.float32)
    with progress(len(indices), "frames searched") as shown:
        for first, frames in _stretches(recording, step, length=round(_STRETCH * rate), lag=lag):
            found = motion_intensity(tracker.displacements(frames), lag) * np.float32(UNIT)
            begin = lag if first else 0  # what was before is known from the stretch before
            values[first + begin : first + len(found)] = found[begin:]
            shown.advance(len(found) - begin)
    if np.isnan(values).all():
        raise _without_face(recording, tracker, face)
    floor = noise_floor(values[~np.isnan(values)])
    intervals = [
        make_interval(
            recording, int(indices[first]), int(indices[last]), how="proposed", score=round(top, 3)
        )
        for first, last, top in propose(values, rate, floor)
    ]
    return Search(
        faces=tracker.faces,
        intervals=tuple(intervals),
        intensity=_intensity(recording, indices, values),
        noise_floor=round(floor, 4),
    )


def _stretches(
    recording: Recording, step: int, *, length: int, lag: int
) -> Iterator[tuple[int, list[Grey]]]:
    """Yield stretches of every `step`-th frame, with the place of the first among these frames.

    Each has `length` frames and `lag` more on both sides; the last may be shorter.
    """
    first, held = 0, []
    for _, image in recording.frames(lambda index: index % step == 0):
        held.append(_small(image))
        if len(held) == length + 2 * lag:
            yield first, held
            first, held = first + length, held[length:]
    if len(held) > (2 * lag if first else 0):
        yield first, held


def _small(image: Grey) -> Grey:
    scale = _WIDTH / max(image.shape)
    if scale >= 1:
        return image
    cv2 = opencv()
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _intensity(
    recording: Recording, indices: NDArray[np.int_], values: NDArray[np.float32]
) -> Intensity:
    known = np.flatnonzero(~np.isnan(values))
    at = indices[known]
    return Intensity(
        frames=tuple(recording.numbers[index] for index in at),
        seconds=tuple(np.round(recording.times[at], 4).tolist()),
        values=tuple(np.round(values[known].astype(float), 4).tolist()),
    )


def _without_face(recording: Recording, tracker: Tracker, face: int) -> InputError:
    if tracker.refused is None:
        return InputError(
            "the head moves too much everywhere for anything to be seen in the face",
            where=recording.given,
            fix="give an interval: --onset and --offset",
        )
    error = tracker.refused
    where = ", ".join(filter(None, (recording.given, error.where)))
    what = error.what.replace("in the onset frame", "in the frames that were looked at")
    return InputError(what, where=where, fix=error.fix)
