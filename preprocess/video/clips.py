"""Clips: the intervals of recordings as a database that stage 1 takes like any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from raicl.common.clip import Clip
from raicl.common.errors import InputError
from raicl.common.files import writing
from raicl.common.video import DATASET, UNKNOWN, VideoInterval
from raicl.data.disk.tree import Listing
from raicl.data.records import Database, Footage, Frame
from raicl.data.sheets.annotation import attach_frames
from raicl.preprocess.opencv import opencv
from raicl.preprocess.sampling import sample_footage
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.recording import Recording

Placed = Sequence[tuple[Recording, Sequence[VideoInterval]]]


@contextmanager
def as_database(placed: Placed, settings: PrepSettings, face: int) -> Iterator[Database]:
    """Yield the intervals as a database whose frames are files.

    Of a video, the frames that are sampled are written as lossless grey pictures into a temporary
    folder: stage 1 then reads, digests and decodes them as it does all others. The frames of a
    folder are read where they are.

    Parameters
    ----------
    placed : recordings, each with its intervals.
    face : which face is meant, by size from 1.

    Raises
    ------
    InputError : a frame cannot be decoded.
    ResourceError : the disk is full.
    """
    with TemporaryDirectory(prefix="raicl-video-") as folder:
        footage: list[Footage] = []
        for number, (recording, intervals) in enumerate(placed):
            place = Path(folder, str(number))
            clips = [_footage(recording, interval, place, face) for interval in intervals]
            if recording.kind == "video" and clips:
                _write_frames(recording, clips, settings)
            footage += clips
        yield Database(
            name=DATASET,
            root=Path(folder).resolve(),
            layout="video",
            sheet="",
            footage=tuple(footage),
            skipped=(),
        )


def _footage(recording: Recording, interval: VideoInterval, place: Path, face: int) -> Footage:
    """A clip and its frames; those of a video are not written yet."""
    clip = Clip(
        dataset=DATASET,
        subject=recording.name,
        name=interval.clip.split("/", 2)[2],
        emotion=UNKNOWN,
        onset=interval.onset,
        offset=interval.offset,
        fps=interval.fps,
        flags=recording.flags,
    )
    if recording.kind == "frames":
        return replace(attach_frames(clip, Listing(dict(recording.files))), face=face)
    numbers = range(interval.onset, interval.offset + 1)
    frames = tuple(Frame(number, place / f"frame{number}.png") for number in numbers)
    return Footage(clip, frames, face=face)


def _write_frames(recording: Recording, clips: Sequence[Footage], settings: PrepSettings) -> None:
    """Write the sampled frames of a video, in one pass through it."""
    wanted = _sampled(clips, settings)
    if not wanted:
        return
    cv2 = opencv()
    next(iter(wanted.values())).parent.mkdir()
    for index, image in recording.frames(wanted.__contains__, max(wanted)):
        content = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
        with writing(wanted[index]):
            wanted[index].write_bytes(content)


def _sampled(clips: Sequence[Footage], settings: PrepSettings) -> Mapping[int, Path]:
    """The files to write, by the number of their frame."""
    wanted: dict[int, Path] = {}
    for item in clips:
        try:
            sample = sample_footage(item, settings)
        except InputError:
            continue  # stage 1 meets it again and says so of this clip
        for index in {0, *sample.indices}:
            frame = item.frames[index]
            wanted[frame.number] = frame.path
    return wanted
