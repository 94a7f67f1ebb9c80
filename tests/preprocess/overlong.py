"""PNGs of which a part says that it is longer than the file."""

import struct


def overlong(png: bytes, kind: bytes = b"tEXt", length: int = 1 << 30) -> bytes:
    """A PNG that is cut in a part before its pixels, which says that it has `length` bytes.

    Behind the pixels OpenCV does not look.
    """
    start = png.index(b"IDAT") - 4
    return png[:start] + struct.pack(">I", length) + kind
