"""A frame is decoded whole or refused with its path."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from raicl.common.errors import InputError
from raicl.data.records import Frame
from raicl.preprocess.frames import RawFrame, decode_grey, read_frame

IMAGE = np.random.default_rng(0).integers(0, 256, (30, 40), dtype=np.uint8)


def encoded(suffix: str, image: np.ndarray = IMAGE) -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def decode(content: bytes) -> np.ndarray:
    return decode_grey(RawFrame(1, Path("sub01/EP01/img1.jpg"), content))


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_lossless_grey_images_come_back_exactly(suffix: str) -> None:
    np.testing.assert_array_equal(decode(encoded(suffix)), IMAGE)


def test_colour_is_turned_to_grey_by_the_luma_formula() -> None:
    colour = np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    luma = colour @ np.array([0.114, 0.587, 0.299])  # BGR, ITU-R BT.601
    # libpng rounds each weight and then down: at most a level and a half in all
    assert np.abs(decode(encoded(".png", colour)).astype(float) - luma).max() <= 1.5


@pytest.mark.promise("input 33")
def test_transparency_and_16_bits_are_accepted() -> None:
    four = np.dstack([IMAGE] * 4)
    assert decode(encoded(".png", four)).dtype == np.uint8
    deep = IMAGE.astype(np.uint16) * 257
    np.testing.assert_array_equal(decode(encoded(".png", deep)), IMAGE)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.promise("input 31")
def test_every_truncation_is_refused(suffix: str) -> None:
    content = encoded(suffix)
    for percent in (1, 10, 50, 90, 97):
        with pytest.raises(InputError, match="img1"):
            decode(content[: len(content) * percent // 100])


@pytest.mark.promise("input 32")
def test_other_content_is_refused() -> None:
    for content in (b"hello, I am a jpg", b"GIF89a" + bytes(50), b"\xff\xd8\xff" + bytes(50)):
        with pytest.raises(InputError):
            decode(content)


@pytest.mark.promise("input 35")
def test_an_image_that_promises_gigabytes_is_refused() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 40000, 40000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    bomb += chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    with pytest.raises(InputError):
        decode(bomb)


@pytest.mark.promise("input 30")
def test_a_missing_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_frame(Frame(1, tmp_path / "img1.jpg"))
    (tmp_path / "img2.jpg").touch()
    with pytest.raises(InputError, match="zero bytes"):
        read_frame(Frame(2, tmp_path / "img2.jpg"))
