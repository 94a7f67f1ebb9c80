"""What `raicl-prep video` says of its inputs and intervals, in a file beside the cache."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from raicl.common.clip import Clip
from raicl.common.limits import LIST_BYTES
from raicl.common.terminal.wording import typed
from raicl.common.versioned import Versioned, read_versioned

DATASET = "video"  # `Clip.dataset` of clips from a person's own videos
UNKNOWN = "unknown"  # their `Clip.emotion`: nobody has annotated one

How = Literal["given", "proposed"]


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True)


class VideoInterval(_Values):
    """One interval of an input: both ends are included, as everywhere.

    Attributes
    ----------
    clip : id of the clip, that of its record in the cache if it could be prepared.
    onset, offset : frame numbers (see `VideoInput`).
    onset_s, offset_s : times of these frames, seconds from the first frame of the input.
    fps : mean frame rate from onset to offset.
    how : ``given`` by the user, or ``proposed`` by the search.
    score : peak of the motion intensity over the noise floor, above 1. None for a given interval.
    """

    clip: str
    onset: int
    offset: int
    onset_s: float
    offset_s: float
    fps: float
    how: How
    score: float | None = None


class VideoFailure(_Values):
    """An interval that is not in the cache.

    Attributes
    ----------
    interval : which one.
    reason : why, e.g. that no face was found on its onset.
    """

    interval: VideoInterval
    reason: str


class Intensity(_Values):
    """Motion of the face over time, after removal of head motion.

    It rises when the face leaves its expression and soon comes back. A lasting change and a drift
    give nothing. Frames without a face have no number.

    Attributes
    ----------
    frames : numbers of the analysed frames, ascending.
    seconds : their times.
    values : one number per frame, px of a crop of 225 px.
    """

    frames: tuple[int, ...]
    seconds: tuple[float, ...]
    values: tuple[float, ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not len(self.frames) == len(self.seconds) == len(self.values):
            raise ValueError("intensity: as many times and values as frames are needed")
        return self


class VideoInput(_Values):
    """A video or a folder of frames.

    The frames of a video are numbered from 0 in the order of decoding. Those of a folder have the
    numbers in their file names.

    Attributes
    ----------
    path : as it was given.
    name : the subject of its records; unique among the inputs.
    kind : ``video`` or ``frames``.
    first, last : the first and the last frame number.
    n_frames : number of frames that could be decoded.
    fps : mean frame rate.
    variable_rate : whether the times between frames differ. Times are then those of the file.
    rotation : degrees by which a player turns the stored frames, clockwise. They were turned.
    size : width and height of the frames as they are shown, px: turned, and with square pixels.
    pixel_aspect : width of a stored pixel over its height. 1 if they are square.
    bits_per_pixel : size of a video's file over its frames and their pixels. None for a folder.
    faces : number of faces on the first frame that was looked at.
    face : which of them was used, by size from 1.
    searched : whether intervals were searched for.
    intervals : those in the cache, by onset.
    failures : those that are not.
    intensity : what the search saw. None if intervals were given.
    noise_floor : motion intensity above which something moved, estimated from this input. None if
        intervals were given.
    """

    path: str
    name: str
    kind: Literal["video", "frames"]
    first: int
    last: int
    n_frames: int
    fps: float
    variable_rate: bool
    rotation: int
    size: tuple[int, int]
    pixel_aspect: float
    faces: int
    face: int
    searched: bool
    intervals: tuple[VideoInterval, ...]
    failures: tuple[VideoFailure, ...] = ()
    intensity: Intensity | None = None
    noise_floor: float | None = None
    bits_per_pixel: float | None = None

    @property
    def nothing_moved(self) -> bool:
        """Whether intervals were searched for and none was found."""
        return self.searched and not self.intervals and not self.failures


class Videos(Versioned):
    """The content of ``NAME.videos.json`` beside the cache ``NAME.h5``.

    Attributes
    ----------
    inputs : in the order in which they were given.
    note : what the proposals are good for, in a sentence to be shown with them.
    """

    most: ClassVar[int] = LIST_BYTES

    inputs: tuple[VideoInput, ...]
    note: str

    @property
    def intervals(self) -> tuple[VideoInterval, ...]:
        """Those of all inputs that are in the cache. If there are none, there is no cache."""
        return tuple(interval for one in self.inputs for interval in one.intervals)


def videos_file(cache: Path) -> Path:
    """The file beside a cache: ``clips.videos.json`` of ``clips.h5``."""
    return cache.with_suffix(".videos.json")


def read_videos(cache: Path) -> Videos:
    """Read the file beside a cache.

    Raises
    ------
    InputError, VersionError : see `read_versioned`.
    """
    return read_versioned(
        videos_file(cache),
        Videos,
        fix=f"make it again with: raicl-prep video --input VIDEO --out {typed(cache)}",
        kind="the list of videos",
    )


def is_own_video(clip: Clip) -> bool:
    """Whether a clip is from a person's own video, so that its emotion is not known."""
    return clip.dataset == DATASET
