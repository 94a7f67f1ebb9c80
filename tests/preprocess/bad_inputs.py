"""What a user may have: small databases with one thing wrong each, and a command as it is typed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

HEADER = "subject,clip,onset,offset,emotion,apex,fps"
ROWS = ["anna,smile,8,14,happiness,10,30", "anna,frown,97,103,negative,/,30"]
ROWS += ["ben,brows,1,7,surprise,3,30"]
QUICK = ["--align", "none", "--size", "48", "--flow", "dis", "--n-frames", "3", "--jobs", "1"]


def picture(place: int, shape: tuple[int, int] = (48, 64)) -> np.ndarray:
    """A soft pattern that moves right by a pixel a place."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (128 + 60 * np.sin((x - place) / 5) * np.cos(y / 6)).astype(np.uint8)


def write_table(root: Path, rows: Sequence[str], header: str = HEADER) -> None:
    (root / "clips.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def write_database(root: Path) -> Path:
    """Three clips of two people, of seven frames each: more than three instances need."""
    for row in ROWS:
        subject, clip, onset, offset, *_ = row.split(",")
        folder = root / subject / clip
        folder.mkdir(parents=True)
        for number in range(int(onset), int(offset) + 1):
            cv2.imwrite(str(folder / f"img{number}.png"), picture(number - int(onset)))
    write_table(root, ROWS)
    return root


@dataclass(frozen=True)
class Answer:
    """What a command said: its exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> list[str]:
        """The lines of the error, without what was logged before it."""
        lines = self.err.splitlines()
        first = next((n for n, line in enumerate(lines) if line.startswith("error:")), len(lines))
        return lines[first:]


Type = Callable[..., Answer]


def refused(answer: Answer, code: int, cause: str, fix: str) -> None:
    """An error of at most three lines: the cause, the place if there is one, and the remedy."""
    lines = answer.error
    assert answer.code == code, answer.err
    assert 2 <= len(lines) <= 3, answer.err
    assert lines[0].startswith("error: ")
    assert cause in lines[0]
    assert lines[-1].startswith("  fix: ")
    assert fix in lines[-1]


Change = Callable[[Path], Sequence[object] | None]


def case(mark: pytest.MarkDecorator, change: Change, says: Sequence[str], name: str) -> object:
    """A thing that is wrong, the promises that it proves, and what is said of it."""
    return pytest.param(change, *says, id=name, marks=mark)


def put(name: str, content: bytes) -> Change:
    """Name a sheet of this content on the command line."""

    def change(root: Path) -> list[object]:
        (root / name).write_bytes(content)
        return ["--annotations", root / name]

    return change


def rows(*lines: str, header: str = HEADER) -> Change:
    return lambda root: write_table(root, lines, header)
