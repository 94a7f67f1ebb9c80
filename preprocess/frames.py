"""Raw frames: a file's bytes, and the grey image in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.common.limits import FRAME_BYTES, IMAGE_PIXELS, IMAGE_SIDE
from raicl.data.records import Frame
from raicl.preprocess.opencv import opencv
from raicl.preprocess.pictures import AGAIN, check_picture, format_of, stated_bits, too_large

FULL = 16  # bits of a picture that uses all of its 16
_DEPTHS = (8, 10, 12, 14, FULL)  # bits of cameras


@dataclass(frozen=True)
class RawFrame:
    """A frame as it was read: its number, its file, and all bytes of it.

    `bits` says how many bits of a picture of 16 bits are used, see `used_bits`.
    """

    number: int
    path: Path
    content: bytes = field(repr=False)
    bits: int = FULL

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the bytes."""
        return hashlib.sha256(self.content).digest()

    @property
    def place(self) -> str:
        """Folder and file. A reason goes into the index, which holds no path of this machine."""
        return _place(self.path)


def read_frame(frame: Frame) -> RawFrame:
    """Read a frame's file once, so that the digested bytes are the decoded ones.

    Raises
    ------
    InputError : the file is unreadable, empty or larger than any frame.
    """
    path, where = frame.path, _place(frame.path)
    try:
        if path.stat().st_size > FRAME_BYTES:
            raise InputError(
                f"a frame of more than {FRAME_BYTES >> 20} MB",
                where=where,
                fix="save the frames smaller, or compressed, e.g. as .png",
            )
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read a frame: {error.strerror}", where=where, fix="check its permissions"
        ) from error
    if not content:
        raise InputError("a frame of zero bytes", where=where, fix=AGAIN)
    return RawFrame(frame.number, path, content)


def decode_grey(frame: RawFrame) -> NDArray[np.uint8]:
    """Decode a JPEG, PNG, BMP, TIFF or WebP to grey levels (h, w), by the codec's luma formula.

    Raises
    ------
    InputError : the file has another format, is truncated or damaged, is too large or too small, or
        uses more bits than `frame` says.
    """
    _refuse_other(frame)
    if _may_be_deep(frame):
        image = _decode(frame, "IMREAD_ANYDEPTH")
        if image.dtype != np.uint8 and frame.bits < FULL:
            return _to_8_bits(image, frame)
    # of full 16 bits as well, so that they stay as OpenCV makes them grey
    return np.asarray(_decode(frame, "IMREAD_GRAYSCALE"), np.uint8)


def used_bits(frames: Iterable[RawFrame]) -> int:
    """The bits that the pictures of a clip use, of 16: `FULL`, or fewer as cameras have.

    A camera of 10 bits writes levels up to 1023 into a file of 16 bits. Taken as 16 bits, they
    would be 4 grey levels. What a PNG states counts, unless its values are larger.

    Raises
    ------
    InputError : see `decode_grey`.
    """
    most, stated = -1, 0
    for frame in frames:
        if not _may_be_deep(frame):
            continue
        _refuse_other(frame)
        image = _decode(frame, "IMREAD_ANYDEPTH")
        if image.dtype != np.uint8:
            most = max(most, int(image.max()))
            stated = max(stated, stated_bits(frame.content) or 0)
    if most < 0:
        return FULL
    if 8 <= stated <= FULL and most < 1 << stated:
        return stated
    return next(bits for bits in _DEPTHS if most < 1 << bits)


def _to_8_bits(image: NDArray[Any], frame: RawFrame) -> NDArray[np.uint8]:
    """The 8 highest bits of those that are used. Cut off, levels above them would become flow."""
    if image.max() >= 1 << frame.bits:
        raise InputError(
            f"a picture that uses more than {frame.bits} bits, as others of the recording do not",
            where=frame.place,
            fix="save all frames with 8 bits",
        )
    return np.asarray(image >> (frame.bits - 8), np.uint8)


def _place(path: Path) -> str:
    return "/".join(path.parts[-2:])


def _may_be_deep(frame: RawFrame) -> bool:
    kind = format_of(frame.content)
    return kind == "TIFF" or (kind == "PNG" and frame.content[24:25] == b"\x10")


def _refuse_other(frame: RawFrame) -> None:
    """Refuse what is not one whole picture by its bytes."""
    kind = format_of(frame.content)
    if not kind:
        raise InputError(
            "not a JPEG, PNG, BMP, TIFF or WebP image",
            where=frame.place,
            fix="save it as one of these; its name alone does not make it one",
        )
    check_picture(frame.content, kind, frame.place)


def _decode(frame: RawFrame, mode: str) -> NDArray[Any]:
    cv2 = opencv()
    where = frame.place
    try:
        image = cv2.imdecode(np.frombuffer(frame.content, np.uint8), getattr(cv2, mode))
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise too_large(where) from error
        raise InputError("a picture that cannot be decoded", where=where, fix=AGAIN) from error
    if image is None:
        raise InputError("a truncated or damaged picture", where=where, fix=AGAIN)
    if image.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"a picture of {image.dtype} numbers", where=where, fix="save it with 8 or 16 bits"
        )
    if image.shape[0] * image.shape[1] > IMAGE_PIXELS:  # cv2 was imported without raicl's limit
        raise too_large(where)
    if min(image.shape[:2]) < IMAGE_SIDE:
        raise InputError(
            f"a picture of {image.shape[1]}x{image.shape[0]} px; the least is {IMAGE_SIDE} a side",
            where=where,
            fix="give the frames as the camera took them",
        )
    return np.asarray(image)
