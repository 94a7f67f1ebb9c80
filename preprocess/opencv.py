"""Import OpenCV, with one thread and a limit on the size of decoded images."""

from __future__ import annotations

import os
from functools import cache
from types import ModuleType

from raicl.common.errors import SetupError
from raicl.common.limits import IMAGE_PIXELS

_REINSTALL = (
    "pip uninstall -y opencv-python opencv-python-headless opencv-contrib-python "
    "opencv-contrib-python-headless && pip install opencv-contrib-python"
)


@cache
def opencv() -> ModuleType:
    """Import cv2 on first use.

    It uses one thread. Clips run in parallel processes, and a second thread in each of them makes
    the whole stage slower.

    Raises
    ------
    SetupError : cv2 is absent, or installed without the contrib modules (no TV-L1).
    """
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(IMAGE_PIXELS))
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # its messages do not name the file
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # the same for those of the decoder
    # a file must not make the decoder open others, or an address
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;file")
    try:
        import cv2
    except ImportError as error:
        raise SetupError(f"OpenCV cannot be imported: {error}", fix=_REINSTALL) from error
    if not hasattr(getattr(cv2, "optflow", None), "DualTVL1OpticalFlow_create"):
        raise SetupError(
            "this OpenCV has no TV-L1: the contrib modules are missing", fix=_REINSTALL
        )
    cv2.setNumThreads(1)
    return cv2
