"""Miniature databases with the quirks of the real ones; every value is invented."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from openpyxl import Workbook

# subject, name, onset, apex, offset, action units, emotion of 2014
ROWS: list[tuple[str, str, int, int | str, int, int | str, str]] = [
    ("01", "EP01_2", 5, 9, 14, 4, "happiness"),  # crosses 9 to 10; an odd name
    ("01", "EP02_01f", 96, 99, 104, "4+L10", "disgust"),  # crosses 99 to 100
    ("01", "EP02_02", 30, "/", 36, 12, "surprise"),  # no apex
    ("02", "EP06_02_01", 40, 40, 46, "?", "repression"),  # apex is the onset
    ("02", "EP06_02_02", 50, 55, 55, 1, "surprise"),  # apex is the offset
    ("02", "EP09f", 60, 62, 66, 4, "others"),
    ("03", "EP01_01", 70, 72, 76, 4, "fear"),
    ("03", "EP02_03", 80, 82, 86, 15, "sadness"),
    ("24", "EP07_01", 20, 22, 26, 1, "sadness"),  # surprise in the sheet of 2019
]
HEADER = ("Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None)
HEADER += ("Action Units", "Estimated Emotion")  # type: ignore[assignment]

PICTURE = cv2.imencode(".jpg", np.full((24, 32), 128, np.uint8))[1].tobytes()


def table(version: str = "2014", rows: Sequence[Any] = ROWS) -> list[list[Any]]:
    """The official columns, blank ones included."""
    lines: list[list[Any]] = [[*HEADER]]
    for subject, name, onset, apex, offset, units, emotion in rows:
        lines.append([subject, name, None, onset, apex, offset, None, units, emotion])
    if version == "2019":
        lines[0].append("Objective Classes")
        for line in lines[1:]:
            line.append(3)
            if (line[0], line[1]) == ("24", "EP07_01"):
                line[8] = "surprise"
    return lines


def workbook(lines: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(list(line))
    book.create_sheet("Sheet2")
    book.create_sheet("Sheet3")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def put_frames(folder: Path, numbers: Sequence[int], prefix: str = "img") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{prefix}{number}.jpg").write_bytes(PICTURE)


LAYOUTS = {
    "raw-selected": (Path("CASME2_RAW_selected", "CASME2_RAW_selected"), "img"),
    "raw-full": (Path("CASME2-RAW", "CASME2-RAW"), "img"),
    "cropped": (Path("Cropped", "Cropped"), "reg_img"),
}

MakeTree = Callable[..., Path]


def put_tree(root: Path, layout: str = "raw-selected", rows: Sequence[Any] = ROWS) -> Path:
    """Frames of `rows` in one of CASME II's layouts; returns the folder of the subjects."""
    nested, prefix = LAYOUTS[layout]
    for subject, name, onset, _, offset, _, _ in rows:
        numbers = range(1, offset + 4) if layout == "raw-full" else range(onset, offset + 1)
        put_frames(root / nested / f"sub{subject}" / name, numbers, prefix)
    return root / nested


@pytest.fixture
def casme2(tmp_path: Path) -> Path:
    """A whole database: raw-selected frames, the sheet of 2014, and what operating systems add."""
    root = tmp_path / "casme2"
    tree = put_tree(root)
    (root / "CASME2-coding-20140508.xlsx").write_bytes(workbook(table()))
    (root / "~$CASME2-coding-20140508.xlsx").write_bytes(b"lock")
    for folder in (root, tree, tree / "sub01" / "EP01_2"):
        (folder / "Thumbs.db").write_bytes(b"thumbs")
        (folder / ".DS_Store").write_bytes(b"store")
    (tree / "sub01" / "EP01_2" / "._img5.jpg").write_bytes(b"fork")
    (root / "__MACOSX" / "sub01" / "EP01_2").mkdir(parents=True)
    return root
