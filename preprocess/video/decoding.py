"""Decoding: the frames of a video file one after another. No other file sees OpenCV's capture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.common.limits import IMAGE_SIDE, VIDEO_PIXELS
from raicl.common.names import unicode_path
from raicl.preprocess.opencv import opencv

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm")

_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")  # first in an mp4 or mov
_MATROSKA = b"\x1aE\xdf\xa3"  # mkv and webm
_FASTEST = 10_000.0  # frames per second; what is above is no frame rate
_LOST, _LOST_SHARE = 2, 0.02  # frames that a whole file may lack of those that it announces


@dataclass(frozen=True)
class Stored:
    """What a video file holds.

    Attributes
    ----------
    times : (T,) seconds from the first frame, one for each frame that can be decoded, ascending.
    size : width and height as shown, px: turned, and with square pixels.
    rotation : degrees by which the stored frames are turned clockwise to be shown.
    pixel_aspect : width of a stored pixel over its height.
    """

    times: NDArray[np.float64]
    size: tuple[int, int]
    rotation: int
    pixel_aspect: float


def scan(path: Path) -> Stored:
    """Go through a video once, without keeping a frame.

    Frame rates that a file announces may be wrong, so the times are those of the frames. A file
    without usable times has a constant frame rate.

    Raises
    ------
    InputError : not a video, damaged, truncated, without frames, with frames that are too large,
        or without a frame rate.
    """
    with _capture(path) as capture:
        cv2 = opencv()
        announced = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        rate = capture.get(cv2.CAP_PROP_FPS)
        stamps = []
        while capture.grab():
            stamps.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        if not stamps:
            raise InputError("a video without frames", where=str(path), fix="record it again")
        rotation = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
        found = Stored(
            times=_times(stamps, rate, path),
            size=_shown_size(capture),
            rotation=rotation,
            pixel_aspect=_pixel_aspect(capture),
        )
    _refuse_truncated(found.times, announced, rate, path)
    return found


def decode(
    path: Path, wanted: Callable[[int], bool], last: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the index and the grey frame (h, w), as it is shown, of each wanted frame up to `last`.

    Frames are decoded in their order and one is held at a time. To seek would be faster, and with
    some files wrong by several frames.

    Raises
    ------
    InputError : see `scan`; or a frame that was there before cannot be decoded now.
    """
    cv2 = opencv()
    for index, frame in decode_colour(path, wanted, last):
        yield index, np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)


def decode_colour(
    path: Path, wanted: Callable[[int], bool], last: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """As `decode`, with frames (h, w, 3) in BGR."""
    cv2 = opencv()
    with _capture(path) as capture:
        size = _shown_size(capture)
        for index in range(last + 1):
            if not capture.grab():
                raise InputError(
                    f"frame {index} cannot be decoded", where=str(path), fix="copy the video again"
                )
            if not wanted(index):
                continue
            found, frame = capture.retrieve()
            if not found:
                raise InputError(
                    f"frame {index} cannot be decoded", where=str(path), fix="copy the video again"
                )
            if frame.shape[1::-1] != size:
                frame = cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)
            yield index, frame


def is_variable(times: NDArray[np.float64]) -> bool:
    """Whether the times between frames differ by more than a tenth and by more than 2 ms.

    A file may round its times to milliseconds, and one late frame in a hundred is no other rate.
    """
    steps = np.diff(times)
    if not len(steps):
        return False
    usual = float(np.median(steps))
    return bool((np.abs(steps - usual) > max(0.1 * usual, 0.002)).mean() > 0.01)


@contextmanager
def _capture(path: Path) -> Iterator[Any]:
    """An open capture that turns frames as the file says."""
    cv2 = opencv()
    _refuse_other_files(path)
    capture = cv2.VideoCapture(unicode_path(path.resolve()), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise InputError(
                "a video that cannot be opened: truncated, damaged, or without a frame",
                where=str(path),
                fix="copy it again, or convert it: ffmpeg -i IN -c:v libx264 OUT.mp4",
            )
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        width, height = _shown_size(capture)
        if width * height > VIDEO_PIXELS:
            raise InputError(
                f"frames of {width}x{height} px; the most is {VIDEO_PIXELS >> 20} million pixels",
                where=str(path),
                fix="make it smaller: ffmpeg -i IN -vf scale=1920:-2 OUT.mp4",
            )
        if min(width, height) < IMAGE_SIDE:
            raise InputError(
                f"frames of {width}x{height} px; the least is {IMAGE_SIDE} a side",
                where=str(path),
                fix="give the video as the camera took it",
            )
        yield capture
    finally:
        capture.release()


def _refuse_other_files(path: Path) -> None:
    """Refuse what is no video by its first bytes: a decoder guesses, and may take a text for one.

    Playlists, which could name other files, are refused with it.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(12)
    except OSError as error:
        raise InputError(
            f"cannot read the video: {error.strerror}", where=str(path), fix="check --input"
        ) from error
    if not head:
        raise InputError("a video of zero bytes", where=str(path), fix="copy it again")
    riff = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    if not (head[4:8] in _BOXES or riff or head.startswith(_MATROSKA)):
        raise InputError(
            "not an mp4, mov, avi, mkv or webm video, whatever its name says",
            where=str(path),
            fix="convert it: ffmpeg -i IN -c:v libx264 OUT.mp4",
        )


def _shown_size(capture: Any) -> tuple[int, int]:
    """Width and height as shown. OpenCV turns frames, but leaves their pixels as they are."""
    cv2 = opencv()
    width = capture.get(cv2.CAP_PROP_FRAME_WIDTH)  # after turning
    height = capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    aspect = _pixel_aspect(capture)
    if round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 180:
        return round(width), round(height * aspect)
    return round(width * aspect), round(height)


def _pixel_aspect(capture: Any) -> float:
    cv2 = opencv()
    over, under = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    return over / under if over > 0 and under > 0 else 1.0  # 0: the file does not say


def _times(stamps: list[float], rate: float, path: Path) -> NDArray[np.float64]:
    times = np.array(stamps) - stamps[0]
    if len(times) > 1 and (np.diff(times) > 0).all():
        return times
    if not (math.isfinite(rate) and 0 < rate <= _FASTEST):
        raise InputError("a video without a frame rate", where=str(path), fix="say it: --fps 200")
    return np.arange(len(times)) / rate


def _refuse_truncated(
    times: NDArray[np.float64], announced: float, rate: float, path: Path
) -> None:
    """Refuse a file that ends before the end that it announces."""
    if not (rate > 0 and math.isfinite(announced / rate)):
        return
    step = 1 / rate
    missing = announced * step - (times[-1] + step)
    if missing > (_LOST + _LOST_SHARE * announced) * step:
        raise InputError(
            f"a truncated video: it announces {announced:.0f} frames, {len(times)} can be decoded",
            where=str(path),
            fix="copy it again",
        )
