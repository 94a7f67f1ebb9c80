"""Video files, written by OpenCV: synthetic people, and predictions on the frames of a video."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import SetupError
from raicl.common.names import unicode_path

CODECS = {".mp4": "mp4v", ".mkv": "FFV1"}  # FFV1 loses nothing; MPEG-4 most of the skin's grain


def write_video(path: Path, frames: Iterable[NDArray[np.uint8]], fps: float) -> int:
    """Write frames (h, w, 3) BGR as MPEG-4 (.mp4) or without loss (.mkv); returns their number.

    Raises
    ------
    SetupError : this OpenCV cannot write it.
    InputError : the path is not UTF-8.
    """
    import cv2

    writer, count = None, 0
    try:
        for frame in frames:
            if writer is None:
                code = cv2.VideoWriter.fourcc(*CODECS[path.suffix])
                size = frame.shape[1], frame.shape[0]
                writer = cv2.VideoWriter(unicode_path(path), cv2.CAP_FFMPEG, code, fps, size)
                if not writer.isOpened():
                    raise SetupError(
                        f"this OpenCV writes no video in {CODECS[path.suffix]}",
                        fix="pip install opencv-contrib-python",
                    )
            writer.write(frame)
            count += 1
    finally:
        if writer is not None:
            writer.release()
    return count
