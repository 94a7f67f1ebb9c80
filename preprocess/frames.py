"""Raw frames: a file's bytes, and the grey image in them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.data.records import Frame
from raicl.preprocess.opencv import opencv


@dataclass(frozen=True)
class RawFrame:
    """A frame as it was read: its number, its file, and all bytes of it."""

    number: int
    path: Path
    content: bytes = field(repr=False)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.content).digest()


_MAX_BYTES = 256 << 20
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM")


def read_frame(frame: Frame) -> RawFrame:
    """Read a frame's file once, so that the digested bytes are the decoded ones.

    Raises
    ------
    InputError : the file is unreadable, empty or larger than any frame.
    """
    path = frame.path
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError("a frame of more than 256 MB", where=str(path))
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read a frame: {error.strerror}", where=str(path)) from error
    if not content:
        raise InputError("a frame of zero bytes", where=str(path), fix="copy the frame again")
    return RawFrame(frame.number, path, content)


def decode_grey(frame: RawFrame) -> NDArray[np.uint8]:
    """Decode a JPEG, PNG or BMP to grey levels (h, w), by the codec's luma formula.

    Raises
    ------
    InputError : the file has another format, is truncated or damaged.
    """
    content, path = frame.content, frame.path
    if not content.startswith(_MAGIC):
        raise InputError("not a JPEG, PNG or BMP image", where=str(path))
    # libjpeg fills missing parts with grey, which would become flow
    if content.startswith(b"\xff\xd8") and b"\xff\xd9" not in content[-4096:]:
        raise InputError("a truncated JPEG", where=str(path), fix="copy the frame again")
    cv2 = opencv()
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise InputError("an image that cannot be decoded", where=str(path)) from error
    if image is None:
        raise InputError(
            "a truncated or damaged image", where=str(path), fix="copy the frame again"
        )
    return np.asarray(image, np.uint8)
