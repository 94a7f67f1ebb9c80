"""Pictures: what a file's bytes say of themselves: its format, its size, its depth, its damage."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from raicl.common.errors import InputError, SetupError
from raicl.common.limits import IMAGE_PIXELS

FORMATS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
AGAIN = "copy the frame again"

_PADDED = re.compile(r"Corrupt JPEG data: ([0-9]{1,5}) extraneous bytes before marker 0xd9")
# what libjpeg says of data that cannot be what was written; its other words are not of the pixels
_DAMAGED = ("Corrupt JPEG data", "Premature end", "Inconsistent progression", "Invalid SOS")


def format_of(content: bytes) -> str:
    """JPEG, PNG, BMP, TIFF or WebP by the first bytes, whatever the file's name; else empty."""
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WebP"
    return next((name for start, name in FORMATS.items() if content.startswith(start)), "")


def check_picture(content: bytes, kind: str, where: str) -> None:
    """Refuse what a decoder would take for a whole picture, though it is none, or is several.

    PNG has checksums, which its decoder checks. In a BMP, a TIFF and a WebP nothing tells damage
    that keeps the length of the file.

    Raises
    ------
    InputError : a damaged JPEG, several pictures in one file, a JPEG of too many pixels, or a PNG
        of which a part is said to be longer than the file.
    SetupError : simplejpeg is missing.
    """
    if kind == "JPEG":
        _check_jpeg(content, where)
    if claims_more(content):
        raise InputError("a truncated or damaged picture", where=where, fix=AGAIN)
    several = (kind == "TIFF" and _has_pages(content)) or (kind == "WebP" and _moves(content))
    if several:
        raise InputError(
            f"a {kind} of several pictures", where=where, fix="save each one as a file of its own"
        )


def too_large(where: str) -> InputError:
    """The error for a picture of more pixels than are decoded."""
    return InputError(
        f"a picture beyond the limit of {IMAGE_PIXELS / 1e6:.0f} megapixels",
        where=where,
        fix="make all frames smaller, e.g. 1920 px wide",
    )


def stated_bits(content: bytes) -> int | None:
    """The significant bits that a PNG states (its chunk sBIT), the most of any channel."""
    for kind, place, length in _chunks(content):
        if kind == b"sBIT" and 1 <= length <= 4:
            return max(content[place : place + length], default=None)
        if kind == b"IDAT":
            return None
    return None


def claims_more(content: bytes) -> bool:
    """Whether a part of a PNG says that it is longer than the file.

    A decoder makes room for as much, up to 4 GB, before it finds that there is no more to read.
    """
    return any(place + length > len(content) for _, place, length in _chunks(content))


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place of the data and stated length of the parts of a PNG, up to its end."""
    place = 8
    while format_of(content) == "PNG" and place + 8 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        kind = content[place + 4 : place + 8]
        yield kind, place + 8, length
        if kind == b"IEND":
            return
        place += 12 + length


def _check_jpeg(content: bytes, where: str) -> None:
    """Decode a JPEG as strictly as can be: OpenCV fills lost parts with whatever comes next.

    Whatever else is wrong, such as a header or a kind of JPEG that cannot be read, OpenCV is left
    to refuse, which gives the pixels.
    """
    try:
        from simplejpeg import decode_jpeg, decode_jpeg_header
    except ImportError as error:
        raise SetupError(
            f"simplejpeg cannot be imported: {error}", fix="pip install simplejpeg"
        ) from error
    try:
        height, width, *_ = decode_jpeg_header(content)
        if height * width > IMAGE_PIXELS:
            raise too_large(where)
        decode_jpeg(content, "GRAY", min_factor=8)
    except ValueError as error:
        said = str(error)
        if said.startswith(_DAMAGED) and not _is_padding(said, content):
            what = "a truncated JPEG" if said.startswith("Premature end") else "a damaged JPEG"
            raise InputError(f"{what}: {said}", where=where, fix=AGAIN) from error


def _is_padding(said: str, content: bytes) -> bool:
    """Whether all that is wrong with a JPEG are zeros before its end, as some cameras write."""
    found = _PADDED.match(said)
    return bool(found) and bytes(int(found[1])) + b"\xff\xd9" in content if found else False


def _has_pages(content: bytes) -> bool:
    """Whether a TIFF has a second directory."""
    order = "<" if content.startswith(b"II") else ">"
    try:
        (first,) = struct.unpack_from(f"{order}I", content, 4)
        (entries,) = struct.unpack_from(f"{order}H", content, first)
        (second,) = struct.unpack_from(f"{order}I", content, first + 2 + 12 * entries)
    except struct.error:
        return False  # truncated, which the decoder says
    return bool(second)


def _moves(content: bytes) -> bool:
    """Whether a WebP says that it is an animation."""
    return content[12:16] == b"VP8X" and bool(content[20:21] and content[20] & 2)
