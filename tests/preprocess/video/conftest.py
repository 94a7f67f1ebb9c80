"""Real video files, written by OpenCV, and what the writer cannot set patched into an mp4."""

import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from raicl.data.synthetic.face import draw_face, render_face

Write = Callable[..., Path]


def numbered(count: int, size: tuple[int, int] = (96, 64)) -> list[NDArray[np.uint8]]:
    """Frames that say their number: a bar whose width grows by 2 px, in the upper left."""
    width, height = size
    frames = []
    for number in range(count):
        frame = np.full((height, width, 3), 40, np.uint8)
        frame[:16, : 2 * number + 8] = 220
        frames.append(frame)
    return frames


def number_of(frame: NDArray[np.uint8]) -> int:
    """The number that a decoded frame of `numbered` says."""
    return round((float((frame[4:12] > 130).sum(axis=1).mean()) - 8) / 2)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write frames (h, w, 3) as a video: write("a.mp4", frames, fps=30, code="mp4v")."""

    def written(
        name: str, frames: Iterable[NDArray[np.uint8]], fps: float = 30, code: str = "mp4v"
    ) -> Path:
        path, frames = tmp_path / name, list(frames)
        size = frames[0].shape[1::-1] if frames else (96, 64)
        writer = cv2.VideoWriter(
            str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*code), fps, size
        )
        assert writer.isOpened()
        for frame in frames:
            writer.write(frame)
        writer.release()
        return path

    return written


def stretch_pixels(path: Path, factor: int) -> None:
    """Say in an mp4 that its pixels are `factor` times as wide as high."""
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 4 + 40
    content[place : place + 4] = struct.pack(">i", factor << 16)
    path.write_bytes(content)


def vary_rate(path: Path, runs: list[tuple[int, int]]) -> None:
    """Give the frames of an mp4 other durations: runs of (frames, share of the time scale).

    The table of times grows, and with it the boxes around it. They lie behind the frames.
    """
    content = bytearray(path.read_bytes())
    place = content.index(b"stts") - 4
    length = int.from_bytes(content[place : place + 4], "big")
    body = b"stts" + bytes(4) + struct.pack(">I", len(runs))
    body += b"".join(struct.pack(">II", count, step) for count, step in runs)
    table = struct.pack(">I", len(body) + 4) + body
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        box = content.rindex(name, 0, place) - 4
        size = int.from_bytes(content[box : box + 4], "big") + len(table) - length
        content[box : box + 4] = struct.pack(">I", size)
    content[place : place + length] = table
    path.write_bytes(content)


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """A synthetic face, (240, 320, 3) BGR: small, because a blank frame is searched for seconds."""
    face = draw_face(np.random.default_rng(3), (640, 480))
    whole = render_face(face, (640, 480)).astype(np.uint8)
    return cv2.resize(whole, (320, 240), interpolation=cv2.INTER_AREA)


def texture(shift: float = 0.0, size: tuple[int, int] = (96, 96)) -> NDArray[np.uint8]:
    """A texture of which a patch is moved to the right, (h, w, 3)."""
    width, height = size
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(height + 16, width + 16)), 1.5)
    grey = 128 + 40 * noise / noise.std()
    y, x = np.mgrid[8 : height + 8, 8 : width + 8].astype(float)
    near = np.exp(-((x - 8 - width / 2) ** 2 + (y - 8 - 0.7 * height) ** 2) / (2 * 9.0**2))
    image = map_coordinates(grey, [y, x - shift * near], order=3).clip(0, 255).astype(np.uint8)
    return np.repeat(image[..., None], 3, axis=2)
