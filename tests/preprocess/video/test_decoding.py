"""Video files as they are: every container, turned, stretched, of variable rate, and damaged."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from raicl.common.errors import InputError
from raicl.data.synthetic.rotation import set_rotation
from raicl.preprocess.video.decoding import decode, is_variable, scan
from tests.preprocess.video.conftest import Write, number_of, numbered, stretch_pixels, vary_rate


@pytest.mark.parametrize(
    ("name", "code"),
    [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "mp4v"), ("a.webm", "VP80")],
)
def test_frames_and_times_of_each_container_are_those_written(
    write: Write, name: str, code: str
) -> None:
    path = write(name, numbered(24), fps=25, code=code)
    stored = scan(path)
    assert stored.size == (96, 64)
    assert (stored.rotation, stored.pixel_aspect) == (0, 1)
    np.testing.assert_allclose(stored.times, np.arange(24) / 25, atol=0.001)
    assert not is_variable(stored.times)
    wanted = {3, 4, 17}
    found = [(index, number_of(frame)) for index, frame in decode(path, wanted.__contains__, 23)]
    assert found == [(3, 3), (4, 4), (17, 17)]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotation_flag_shows_the_frame_upright(write: Write, degrees: int) -> None:
    upright = numbered(6)
    # stored turned the other way, as by a phone held so
    stored = [np.ascontiguousarray(np.rot90(frame, degrees // 90)) for frame in upright]
    path = write("turned.mp4", stored)
    height, width = stored[0].shape[:2]
    set_rotation(path, degrees, (width, height))
    found = scan(path)
    assert (found.rotation, found.size) == (degrees, (96, 64))
    frames = [frame for _, frame in decode(path, lambda _: True, 5)]
    assert [number_of(frame) for frame in frames] == list(range(6))


def test_pixels_that_are_not_square_are_made_square(write: Write) -> None:
    path = write("wide.mp4", numbered(4))
    stretch_pixels(path, 2)
    found = scan(path)
    assert (found.size, found.pixel_aspect) == ((192, 64), 2)
    frames = [frame for _, frame in decode(path, lambda _: True, 3)]
    assert frames[3].shape == (64, 192)
    assert number_of(frames[3]) == pytest.approx((2 * (2 * 3 + 8) - 8) / 2, abs=1)


def test_a_variable_rate_keeps_the_times_of_the_file(write: Write) -> None:
    path = write("phone.mp4", numbered(20), fps=20)
    step = 512  # of a time scale of 10240: what OpenCV writes for 20 fps
    assert scan(path).times[1] == pytest.approx(0.05)
    vary_rate(path, [(10, step // 2), (10, 3 * step // 2)])  # as long as before
    times = scan(path).times
    assert times[9] == pytest.approx(9 * 0.025)
    assert times[19] == pytest.approx(10 * 0.025 + 9 * 0.075)
    assert is_variable(times)


def test_milliseconds_and_one_late_frame_are_no_variable_rate() -> None:
    times = np.round(np.arange(300) / 30, 3)
    assert not is_variable(times)
    times[150:] += 0.2
    assert not is_variable(times)


def test_a_file_that_ends_early_is_refused(write: Write) -> None:
    for name, code in (("a.avi", "MJPG"), ("a.mkv", "mp4v"), ("a.mp4", "mp4v")):
        path = write(name, numbered(40), code=code)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(InputError, match="truncated") as caught:
            scan(path)
        assert caught.value.where == str(path)
        assert caught.value.fix


def test_what_is_no_video_is_refused_by_what_it_holds(write: Write, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("a list of things to buy, and a long one\n" * 20)
    playlist = tmp_path / "list.mp4"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n")
    empty = tmp_path / "empty.mkv"
    empty.touch()
    none = write("none.mp4", [])
    for path, said in (
        (text, "not an mp4"),
        (playlist, "not an mp4"),
        (empty, "zero bytes"),
        (none, "without a frame"),
    ):
        with pytest.raises(InputError, match=said):
            scan(path)


def test_a_frame_of_8k_is_refused_before_it_is_decoded(write: Write) -> None:
    path = write("huge.avi", [np.zeros((4320, 7680, 3), np.uint8)], code="MJPG")
    with pytest.raises(InputError, match="7680x4320 px; the most is 16 million"):
        scan(path)


def test_decoding_holds_one_frame_at_a_time(write: Write) -> None:
    size = (320, 240)
    path, one = write("a.mp4", numbered(60, size)), 3 * size[0] * size[1]
    tracemalloc.start()  # OpenCV takes the memory of arrays from NumPy, which tells
    count = sum(1 for _ in decode(path, lambda _: True, 59))
    _, peak = tracemalloc.get_traced_memory()
    held = [frame for _, frame in decode(path, lambda _: True, 59)]
    _, all_of_them = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == len(held) == 60
    assert peak < 6 * one < all_of_them
