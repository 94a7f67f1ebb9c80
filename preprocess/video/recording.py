"""Recording: an input, which is a video or a folder of frames, opened and numbered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError, UsageError
from raicl.common.limits import VIDEO_PIXELS
from raicl.data.disk.tree import Listing, Unusable, list_frames
from raicl.data.records import Frame
from raicl.preprocess.frames import FULL, decode_grey, read_frame, used_bits
from raicl.preprocess.video.decoding import SUFFIXES, decode, is_variable, scan

# Bits a pixel of a frame [ours]. All videos that were tried with less lost 9 to 21 points of UF1;
# without loss, at 7, none was lost (docs/howto/own-videos.md).
COMPRESSED = 1.0


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A video or a folder of frames.

    Attributes
    ----------
    given : its path as it was given.
    name : the subject of its clips.
    kind : what it is.
    numbers : numbers of its T frames, ascending; see `raicl.common.video.VideoInput`.
    times : (T,) seconds from the first frame.
    size : width and height as shown, px.
    rotation, pixel_aspect : see `raicl.preprocess.video.decoding.Stored`.
    files : files of a folder by frame number; empty for a video.
    bits : how many bits the pictures of a folder use if they have 16.
    """

    given: str
    name: str
    kind: Literal["video", "frames"]
    numbers: tuple[int, ...]
    times: NDArray[np.float64]
    size: tuple[int, int]
    rotation: int = 0
    pixel_aspect: float = 1.0
    files: Mapping[int, Path] = field(default_factory=dict)
    bits: int = FULL

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(self.given)

    @property
    def fps(self) -> float:
        """Mean frame rate."""
        return self.rate(0, len(self.numbers) - 1)

    @property
    def is_variable(self) -> bool:
        """Whether the frame rate changes. That of a folder is constant by definition."""
        return self.kind == "video" and is_variable(self.times)

    @property
    def bits_per_pixel(self) -> float | None:
        """Size of a video's file over its frames and their pixels. None for a folder."""
        if self.kind == "frames":
            return None
        width, height = self.size
        return 8 * self.path.stat().st_size / (len(self.numbers) * width * height)

    @property
    def flags(self) -> tuple[str, ...]:
        """What is unusual about all of its clips: ``variable-rate``, ``compressed``."""
        bits = self.bits_per_pixel
        compressed = bits is not None and bits < COMPRESSED
        found = {"variable-rate": self.is_variable, "compressed": compressed}
        return tuple(name for name, is_so in found.items() if is_so)

    def rate(self, first: int, last: int) -> float:
        """Mean frame rate between two frames by their indices; numbers count the frames."""
        return float(
            (self.numbers[last] - self.numbers[first]) / (self.times[last] - self.times[first])
        )

    def frames(
        self, wanted: Callable[[int], bool], last: int | None = None
    ) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the index and the grey frame (h, w) of each wanted frame, in their order.

        Parameters
        ----------
        last : index of the last frame that can be wanted; None is the last of all.

        Raises
        ------
        InputError : a frame cannot be decoded.
        """
        end = len(self.numbers) - 1 if last is None else last
        if self.kind == "video":
            yield from decode(self.path, wanted, end)
            return
        for index in filter(wanted, range(end + 1)):
            number = self.numbers[index]
            frame = read_frame(Frame(number, self.files[number]))
            yield index, decode_grey(replace(frame, bits=self.bits))


def open_recording(given: str, *, name: str, fps: float | None) -> Recording:
    """Open an input and find the number and the time of each of its frames.

    Parameters
    ----------
    given : path of a video or of a folder of frames.
    name : the subject of its clips.
    fps : frame rate of a folder; of a video, in place of what its file says.

    Raises
    ------
    UsageError : a folder without a frame rate.
    InputError : there is no such input, or it cannot be decoded; see `scan`.
    """
    path = Path(given)
    if path.is_dir():
        return _open_folder(given, path, name, fps)
    if not path.exists():
        raise InputError(
            "there is no such video or folder of frames", where=given, fix="check --input"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"not a video by its name: {path.name}",
            where=given,
            fix="one of " + ", ".join(SUFFIXES) + ", or a folder of frames",
        )
    stored = scan(path)
    times = stored.times if fps is None else np.arange(len(stored.times)) / fps
    if len(times) < 2:
        raise _too_short(given)
    return Recording(
        given=given,
        name=name,
        kind="video",
        numbers=tuple(range(len(times))),
        times=times,
        size=stored.size,
        rotation=stored.rotation,
        pixel_aspect=stored.pixel_aspect,
    )


def _open_folder(given: str, path: Path, name: str, fps: float | None) -> Recording:
    listing = list_pictures(path)
    if not listing.frames:
        raise InputError(
            "a folder without frames",
            where=given,
            fix="frames are .jpg, .png, .bmp, .tif or .webp files with a number in their names",
        )
    if fps is None:
        raise UsageError(
            "a folder of frames has no frame rate", where=given, fix="say it: --fps 200"
        )
    if len(listing.frames) < 2:
        raise _too_short(given)
    numbers = tuple(sorted(listing.frames))
    seen = [read_frame(Frame(n, listing.frames[n])) for n in numbers[:: len(numbers) // 2]]
    first = decode_grey(seen[0])
    if first.size > VIDEO_PIXELS:
        raise InputError(
            f"frames of {first.shape[1]}x{first.shape[0]} px; the most is "
            f"{VIDEO_PIXELS >> 20} million pixels",
            where=given,
            fix="make them smaller",
        )
    return Recording(
        given=given,
        name=name,
        kind="frames",
        numbers=numbers,
        times=(np.array(numbers) - numbers[0]) / fps,
        size=(first.shape[1], first.shape[0]),
        files=listing.frames,
        bits=used_bits(seen),
    )


def list_pictures(path: Path) -> Listing:
    """The pictures of a folder by number.

    Raises
    ------
    InputError : the folder cannot be read, or two files are one frame.
    """
    try:
        listing = list_frames(path, path.resolve())
    except Unusable as reason:
        raise InputError(str(reason), where=str(path), fix="check --input") from reason
    if listing.refused:
        raise InputError(
            next(iter(listing.refused.values())), where=str(path), fix="remove it or rename it"
        )
    return listing


def _too_short(given: str) -> InputError:
    return InputError(
        "a single frame, and flow needs two", where=given, fix="give a longer recording"
    )
