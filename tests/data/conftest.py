"""The miniature CASME II and what else several tests need; every value is invented."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from raicl.data.miniature import material
from raicl.data.miniature.casme2 import RELEASES as LAYOUTS
from raicl.data.miniature.casme2 import ROWS, table, write_casme2
from raicl.data.sheets.written_workbook import write_workbook

__all__ = ["LAYOUTS", "PICTURE", "ROWS", "put_frames", "put_tree", "table", "workbook"]

PICTURE = material.picture(".jpg")


def workbook(lines: Sequence[Sequence[Any]]) -> bytes:
    """A sheet with two empty ones behind it."""
    return write_workbook({"Sheet1": lines, "Sheet2": [], "Sheet3": []})


def put_frames(folder: Path, numbers: Iterable[int], prefix: str = "img") -> None:
    material.put_frames(folder, [f"{prefix}{number}.jpg" for number in numbers])


def put_tree(root: Path, layout: str = "raw-selected", rows: Sequence[Any] = ROWS) -> Path:
    """Frames of `rows` in one of CASME II's layouts; returns the folder of the subjects."""
    return write_casme2(root, layout, rows=rows, flaws=False, versions=())


@pytest.fixture
def casme2(tmp_path: Path) -> Path:
    """A miniature CASME II: raw-selected frames, the sheet of 2014, every row with its clip."""
    write_casme2(tmp_path / "casme2", flaws=False)
    return tmp_path / "casme2"


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Time, mode and size of everything in a folder."""
    paths = [folder, *folder.rglob("*")]
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_mode, p.stat().st_size) for p in paths}


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody but the superuser can write into `folder` while the block lasts."""
    paths = [folder, *folder.rglob("*")]
    modes = [path.stat().st_mode for path in paths]
    for path, mode in zip(paths, modes, strict=True):
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)
