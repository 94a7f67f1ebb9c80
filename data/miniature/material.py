"""Parts of every miniature: tiny pictures, and files that other programs leave in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

WIDTH, HEIGHT = 32, 24  # px


def put_frames(
    folder: Path, names: Iterable[str], *, grey: bool = False, empty: bool = False
) -> None:
    """Write a picture for each file name. With `empty`, the files have no bytes, to save time."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names):
        content = b"" if empty else picture(Path(name).suffix, place % 8, grey=grey)
        (folder / name).write_bytes(content)


@cache
def picture(suffix: str, place: int = 0, *, grey: bool = False) -> bytes:
    """A slope of brightness that moves right by a pixel per frame, in the format of `suffix`."""
    import cv2
    import numpy as np

    slope = 4 * (np.arange(WIDTH, dtype=np.uint8) - np.uint8(place) + np.uint8(8))
    image = np.repeat(slope[None], HEIGHT, axis=0)
    written = image if grey else np.dstack([image, image[::-1], image // 2])
    return bytes(cv2.imencode(suffix, written)[1])


def put_strays(*folders: Path, frame: str = "img1.jpg") -> None:
    """Write what Windows and macOS leave beside pictures, including the fork of `frame`."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Thumbs.db").write_bytes(b"thumbs")
        (folder / ".DS_Store").write_bytes(b"store")
        (folder / f"._{frame}").write_bytes(b"fork")


def put_sheet(path: Path, workbook: bytes) -> None:
    """Write a sheet, and beside it the lock file of a spreadsheet program that has it open."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(workbook)
    path.with_name(f"~${path.name}").write_bytes(b"lock")
