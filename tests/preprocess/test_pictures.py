"""Pictures of every kind: damage is seen, depth is kept, and what is not one frame is refused."""

import io
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from raicl.common.errors import InputError, SetupError
from raicl.common.limits import IMAGE_SIDE
from raicl.preprocess.fingerprint import identify
from raicl.preprocess.frames import FULL, RawFrame, decode_grey, used_bits
from raicl.preprocess.pictures import stated_bits
from raicl.preprocess.process import process_clip
from raicl.preprocess.record import describe_clip
from raicl.preprocess.settings import PrepSettings
from tests.peak import begin_peak, memory_mb
from tests.preprocess.conftest import write_clip
from tests.preprocess.overlong import overlong

SMOOTH = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (96, 128), dtype=np.uint8), (0, 0), 2
)
COLOUR = np.dstack([SMOOTH, SMOOTH[::-1], SMOOTH[:, ::-1]])


def raw(content: bytes, bits: int = FULL) -> RawFrame:
    return RawFrame(1, Path("img1.jpg"), content, bits)


def encoded(suffix: str, image: np.ndarray, *options: int) -> bytes:
    return cv2.imencode(suffix, image, options)[1].tobytes()


def refused(content: bytes, reason: str) -> InputError:
    with pytest.raises(InputError, match=reason) as caught:
        decode_grey(raw(content))
    assert caught.value.where == "img1.jpg"
    assert caught.value.fix
    return caught.value


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


# --- damage


@pytest.mark.parametrize(
    "options",
    [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 4]],
    ids=["baseline", "progressive", "restarts"],
)
@pytest.mark.promise("input 31")
def test_a_jpeg_with_a_lost_part_in_the_middle_is_refused(options: list[int]) -> None:
    """A lost sector, which copying programs fill with zeros, at 40 places."""
    whole = encoded(".jpg", COLOUR, *options)
    expected = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(decode_grey(raw(whole)), expected)
    caught = 0
    for place in np.linspace(len(whole) // 5, len(whole) - 600, 40).astype(int):
        damaged = whole[:place] + bytes(512) + whole[place + 512 :]
        try:
            decode_grey(raw(damaged))
        except InputError as error:
            assert "JPEG" in error.what or "damaged" in error.what  # noqa: PT017
            caught += 1
    # not all: where blocks are as many as before, a JPEG has nothing that tells
    assert caught >= 36


@pytest.mark.promise("input 31")
def test_a_truncated_jpeg_is_called_so() -> None:
    whole = encoded(".jpg", COLOUR)
    for kept in (len(whole) // 3, len(whole) - 200, len(whole) - 2):
        refused(whole[:kept], "a truncated JPEG")


@pytest.mark.parametrize("behind", [b"\0" * 5000, b"\xff\xd8 and more" * 900, b"APP"])
def test_what_lies_behind_the_end_of_a_sound_jpeg_does_not_matter(behind: bytes) -> None:
    whole = encoded(".jpg", COLOUR)
    np.testing.assert_array_equal(decode_grey(raw(whole + behind)), decode_grey(raw(whole)))


def test_zeros_before_the_end_of_a_jpeg_as_cameras_write_them_are_no_damage() -> None:
    whole = encoded(".jpg", SMOOTH)
    np.testing.assert_array_equal(
        decode_grey(raw(whole[:-2] + bytes(7) + whole[-2:])), decode_grey(raw(whole))
    )
    refused(whole[:-2] + b"remains" + whole[-2:], "extraneous bytes")


@pytest.mark.promise("input 33")
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpegs_of_every_colour_space_pass_the_check(mode: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(COLOUR[..., ::-1]).convert(mode).save(stream, "jpeg")
    assert decode_grey(raw(stream.getvalue())).shape == SMOOTH.shape


def test_every_damage_of_a_png_is_refused() -> None:
    whole = bytearray(encoded(".png", SMOOTH))
    for place in range(len(b"\x89PNG\r\n\x1a\n") + 8, len(whole) - 12, len(whole) // 40):
        damaged = whole.copy()
        damaged[place] ^= 0x10
        refused(bytes(damaged), "damaged|cannot be decoded")


@pytest.mark.promise("goal 11")
@pytest.mark.parametrize("length", [1, 1 << 30, (1 << 31) - 1, (1 << 32) - 1])
@pytest.mark.parametrize("kind", [b"IDAT", b"tEXt", b"IEND", b"\xbb\xbb\xbe\xab"])
def test_a_part_of_a_png_that_says_it_is_longer_than_the_file_takes_no_memory(
    kind: bytes, length: int
) -> None:
    """OpenCV makes room for as much before it reads; fuzzing found four gigabytes."""
    claimed = overlong(encoded(".png", SMOOTH), kind, length)
    before = begin_peak()
    refused(claimed, "a truncated or damaged picture")
    assert memory_mb("VmHWM") - before < 200


def test_what_lies_behind_the_end_of_a_sound_png_does_not_matter() -> None:
    whole = encoded(".png", SMOOTH)
    for behind in (b"remains of an older, longer file", b"\xff" * 40):
        np.testing.assert_array_equal(decode_grey(raw(whole + behind)), SMOOTH)


# --- kinds


@pytest.mark.promise("input 29")
@pytest.mark.parametrize(
    ("suffix", "options"),
    [(".tif", []), (".tiff", []), (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]), (".bmp", [])],
)
def test_tiff_and_lossless_webp_give_the_grey_levels_that_a_png_gives(
    suffix: str, options: list[int]
) -> None:
    np.testing.assert_array_equal(decode_grey(raw(encoded(suffix, SMOOTH, *options))), SMOOTH)
    for percent in (10, 50, 90):
        content = encoded(suffix, SMOOTH, *options)
        refused(content[: len(content) * percent // 100], "damaged|cannot be decoded")


@pytest.mark.parametrize("format", ["tiff", "webp"])
def test_several_pictures_in_one_file_are_refused(format: str) -> None:
    stream = io.BytesIO()
    first, second = Image.fromarray(COLOUR), Image.fromarray(COLOUR[::-1].copy())
    first.save(stream, format, save_all=True, append_images=[second], duration=40)
    error = refused(stream.getvalue(), "of several pictures")
    assert "a file of its own" in error.fix


@pytest.mark.promise("input 32")
@pytest.mark.parametrize(
    "content", [b"hello, I am a jpg", b"GIF89a" + bytes(50), b"%PDF", b"RIFF\0\0\0\0WAVEfmt "]
)
def test_what_is_no_picture_is_refused_whatever_its_name(content: bytes) -> None:
    refused(content, "not a JPEG, PNG, BMP, TIFF or WebP image")


@pytest.mark.promise("input 51")
def test_numbers_with_a_fraction_are_no_grey_levels() -> None:
    values = np.full(SMOOTH.shape, np.nan, np.float32)
    refused(encoded(".tif", values), "a picture of float32 numbers")


# --- size


@pytest.mark.promise("input 35")
def test_a_picture_of_too_many_pixels_is_told_the_limit() -> None:
    header = struct.pack(">IIBBBBB", 9000, 8000, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    png += chunk(b"IDAT", zlib.compress(bytes(9001 * 8000), 1)) + chunk(b"IEND", b"")
    whole = bytearray(encoded(".jpg", SMOOTH))
    frame = whole.index(b"\xff\xc0")
    whole[frame + 5 : frame + 9] = struct.pack(">HH", 40000, 40000)
    for content in (png, bytes(whole)):
        error = refused(content, "beyond the limit of 67 megapixels")
        assert "smaller" in error.fix


@pytest.mark.parametrize("side", range(1, IMAGE_SIDE))
def test_a_picture_too_small_for_any_face_is_refused_before_a_detector_sees_it(side: int) -> None:
    for shape in ((side, side), (side, 200), (200, side)):
        refused(encoded(".png", np.zeros(shape, np.uint8)), "px; the least is 8 a side")


# --- depth


def deep(bits: int, suffix: str = ".png") -> bytes:
    """`SMOOTH` as a camera of so many bits writes it into a file of 16."""
    image = SMOOTH.astype(np.uint16) << (bits - 8)
    image[0, 0] = (1 << bits) - 1  # a bright point, so that all bits are used
    return encoded(suffix, image)


@pytest.mark.promise("input 33")
@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_the_bits_that_a_camera_used_become_grey_levels(bits: int, suffix: str) -> None:
    content = deep(bits, suffix)
    assert used_bits([raw(encoded(".png", SMOOTH)), raw(content)]) == bits
    expected = SMOOTH.copy()
    expected[0, 0] = 255
    np.testing.assert_array_equal(decode_grey(raw(content, bits)), expected)


def test_a_level_beyond_the_bits_of_a_recording_is_neither_cut_off_nor_wrapped() -> None:
    with pytest.raises(InputError, match="uses more than 10 bits"):
        decode_grey(raw(deep(12), 10))


def test_the_bits_that_a_png_states_count_unless_its_values_are_larger() -> None:
    dark = encoded(".png", SMOOTH.astype(np.uint16))
    whole = dark[:33] + chunk(b"sBIT", bytes([12])) + dark[33:]
    assert (stated_bits(dark), stated_bits(whole)) == (None, 12)
    assert (used_bits([raw(dark)]), used_bits([raw(whole)])) == (8, 12)
    scaled = deep(16)  # as the standard wants it: scaled to all 16
    assert used_bits([raw(scaled[:33] + chunk(b"sBIT", bytes([12])) + scaled[33:])]) == 16


def rewritten(folder: Path, write: Callable[[np.ndarray], np.ndarray]) -> None:
    for path in folder.iterdir():
        cv2.imwrite(str(path), write(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)))


def test_a_clip_of_10_bits_gives_the_flow_of_its_8_bits_and_says_so(
    tmp_path: Path, quick: PrepSettings
) -> None:
    plain = write_clip(tmp_path / "s" / "plain")
    made = identify(plain, quick)
    assert made.flags == ()
    other = write_clip(tmp_path / "s" / "deep")
    rewritten(tmp_path / "s" / "deep", lambda image: image.astype(np.uint16) << 2)
    found = identify(other, quick)
    assert found.flags == ("bits-10",)
    assert found.base != made.base
    shard = process_clip(found, quick)
    np.testing.assert_array_equal(shard.instances, process_clip(made, quick).instances)
    assert "bits-10" in describe_clip(other, found, shard).clip.flags
    rewritten(tmp_path / "s" / "deep", lambda image: image << 6)
    whole = identify(other, quick)
    assert (whole.bits, whole.flags) == (FULL, ())


def test_without_the_strict_decoder_no_jpeg_is_taken_unseen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    with pytest.raises(SetupError, match="simplejpeg cannot be imported") as caught:
        decode_grey(raw(encoded(".jpg", SMOOTH)))
    assert caught.value.fix == "pip install simplejpeg"
    assert decode_grey(raw(encoded(".png", SMOOTH))).shape == SMOOTH.shape
