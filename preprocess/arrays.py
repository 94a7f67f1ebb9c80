"""Arrays: frames in memory, prepared by the code that prepares those of a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard
from raicl.common.clip import Clip
from raicl.common.errors import InputError, UsageError
from raicl.data.records import Footage, Frame
from raicl.preprocess.fingerprint import identify
from raicl.preprocess.frames import RawFrame
from raicl.preprocess.opencv import opencv
from raicl.preprocess.process import process_clip
from raicl.preprocess.record import describe_clip
from raicl.preprocess.settings import PrepSettings


@dataclass(frozen=True)
class PreparedClip:
    """What a cache would hold of a clip.

    Attributes
    ----------
    record : entry of the index: which frames were taken, which one is tested, what is unusual.
    shard : the instances, the aligned onset and how it was aligned.
    """

    record: ClipRecord
    shard: Shard

    @property
    def instances(self) -> NDArray[np.float16]:
        """Raw instances (u px, v px, ε), onset → frame, (N, 3, S, S)."""
        return self.shard.instances

    @property
    def middle(self) -> int:
        """Row of the instance that inference uses."""
        return self.record.middle

    @property
    def flags(self) -> tuple[str, ...]:
        """What is unusual about the clip, see docs/method.md 1.1."""
        return self.record.clip.flags

    def __repr__(self) -> str:
        said = f"flags {', '.join(self.flags)}" if self.flags else "no flags"
        return f"PreparedClip({self.record!r}, {self.shard.size} px, {said})"


def prepare_frames(
    frames: Sequence[NDArray[np.uint8]],
    *,
    onset: int,
    offset: int | None,
    fps: float | None,
    settings: PrepSettings,
) -> PreparedClip:
    """See `raicl.preprocess.process_frames`."""
    last = len(frames) - 1 if offset is None else offset
    if not 0 <= onset < last < len(frames):
        raise UsageError(
            f"onset {onset} and offset {last} of {len(frames)} frames",
            fix=f"give 0 <= onset < offset <= {len(frames) - 1}",
        )
    if settings.onset_error or settings.offset_error:
        raise UsageError("an annotation error without an annotation", fix="move the onset itself")
    numbers = range(onset, last + 1)
    clip = Clip(
        dataset="memory",
        subject="somebody",
        name="frames",
        emotion="unknown",
        onset=onset,
        offset=last,
        fps=fps,
    )
    named = tuple(Frame(number, Path(f"frame {number}")) for number in numbers)
    footage = Footage(clip, named)
    identity = identify(footage, settings, read=lambda frame: _encode(frames[frame.number], frame))
    shard = process_clip(identity, settings)
    return PreparedClip(describe_clip(footage, identity, shard), shard)


def _encode(image: Any, frame: Frame) -> RawFrame:
    """A frame as a lossless file, so that all that reads files reads it, too."""
    array = np.asarray(image)
    grey = array.ndim == 2
    if array.dtype != np.uint8 or not array.size or not (grey or array.shape[2:] == (3,)):
        raise InputError(
            f"a frame of shape {array.shape} and type {array.dtype}",
            where=str(frame.path),
            fix="give uint8, grey (h, w) or BGR (h, w, 3)",
        )
    cv2 = opencv()
    _, content = cv2.imencode(".png", array, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return RawFrame(frame.number, frame.path, content.tobytes())
