"""The flag by which players turn an mp4."""

from __future__ import annotations

import struct
from pathlib import Path

_HEAD = 40  # bytes of a tkhd before its matrix, in version 0, without type and length
_ONE, _LAST = 1 << 16, 1 << 30  # 1 as 16.16 and as 2.30


def set_rotation(path: Path, degrees: int, size: tuple[int, int]) -> None:
    """Make players turn an mp4 clockwise by a multiple of 90 degrees. No frame is changed.

    The matrix of the track header says it (ISO/IEC 14496-12, 8.3.2).

    Parameters
    ----------
    size : width and height of the stored frames, px.

    Raises
    ------
    ValueError : the file has no track header of version 0, or the angle is another.
    """
    width, height = size
    a, b, x, y = {
        0: (1, 0, 0, 0),
        90: (0, 1, height, 0),
        180: (-1, 0, width, height),
        270: (0, -1, 0, width),
    }[degrees]
    # (x, y) of a stored pixel is shown at (a x - b y, b x + a y) and the shift
    matrix = struct.pack(
        ">9i", a * _ONE, b * _ONE, 0, -b * _ONE, a * _ONE, 0, x * _ONE, y * _ONE, _LAST
    )
    content = bytearray(path.read_bytes())
    begin, end = 0, len(content)
    for name in (b"moov", b"trak", b"tkhd"):
        begin, end = _box(content, name, begin, end)
    if content[begin] != 0:
        raise ValueError(f"{path}: a track header of version {content[begin]}")
    content[begin + _HEAD : begin + _HEAD + len(matrix)] = matrix
    path.write_bytes(content)


def _box(content: bytearray, name: bytes, begin: int, end: int) -> tuple[int, int]:
    """Where the content of the first box of that name lies between two places."""
    while begin + 8 <= end:
        length = int.from_bytes(content[begin : begin + 4], "big")
        if content[begin + 4 : begin + 8] == name:
            return begin + 8, begin + length
        begin += max(length, 8)
    raise ValueError(f"no box {name.decode()}")
