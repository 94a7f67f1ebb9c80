"""Intervals: what the command line or a table says, found among the frames of a recording."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raicl.common.errors import InputError, RaiclError, UsageError
from raicl.common.terminal.wording import printable
from raicl.common.video import DATASET, How, VideoInterval
from raicl.data.sheets.sheet import SheetRow, cell_text, read_sheet
from raicl.preprocess.video.recording import Recording

_FRAME = re.compile(r"[0-9]{1,9}")
_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{0,9})?) ?s")
_COLUMNS = {
    "input": ("input", "video", "path"),
    "onset": ("onset",),
    "offset": ("offset",),
    "name": ("name", "clip"),
}


@dataclass(frozen=True)
class Wanted:
    """An interval as it was asked for.

    Attributes
    ----------
    onset, offset : a frame (``35``) or a time (``1.4s``).
    name : name of the clip; empty for one made of its frames.
    place : where it was asked for, for errors. Empty for the command line.
    """

    onset: str
    offset: str
    name: str = ""
    place: str = ""

    def error(self, what: str, fix: str, where: str = "") -> RaiclError:
        """What is wrong with it: wrong use of an option, or wrong input in a table."""
        if self.place:
            return InputError(what, where=self.place, fix=fix)
        return UsageError(what, where=where, fix=fix)


def read_table(path: Path) -> list[tuple[str, Wanted]]:
    """The rows of a table of intervals, each with the input that it names.

    Raises
    ------
    InputError : the table cannot be read, or a row is incomplete.
    """
    sheet = read_sheet(path, _COLUMNS, optional={"name"})
    if not sheet.rows:
        raise InputError("a table without intervals", where=str(path), fix="add a row")
    return [_row(path, row) for row in sheet.rows]


def _row(path: Path, row: SheetRow) -> tuple[str, Wanted]:
    place = f"{path}:{row.number}"
    cells = {name: cell_text(row.cells.get(name)) for name in _COLUMNS}
    for name in ("input", "onset", "offset"):
        if not cells[name]:
            raise InputError(f"a row without {name}", where=place, fix="complete or remove the row")
    if "/" in cells["name"]:
        raise InputError(f"a name with a slash: {cells['name']}", where=place, fix="rename it")
    wanted = Wanted(cells["onset"], cells["offset"], printable(cells["name"]), place)
    return cells["input"], wanted


def match_table(
    rows: Sequence[tuple[str, Wanted]], inputs: Sequence[str], table: Path
) -> dict[str, list[Wanted]]:
    """The intervals of each input.

    A row names an input by its path, its file name, or its file name without the ending. Without
    `inputs`, the rows name them by paths from the folder of the table.

    Raises
    ------
    InputError : a row fits no input or several, or an input has no row.
    """
    found: dict[str, list[Wanted]] = {given: [] for given in inputs}
    for cell, wanted in rows:
        if not inputs:
            found.setdefault(str(table.parent / cell), []).append(wanted)
            continue
        fitting = [given for given in inputs if cell in _names(given)]
        if len(fitting) != 1:
            raise InputError(
                f"the row fits {'several inputs' if fitting else 'no input'}: {printable(cell)}",
                where=wanted.place,
                fix="write it as --input does: " + ", ".join(inputs),
            )
        found[fitting[0]].append(wanted)
    idle = next((given for given, some in found.items() if not some), None)
    if idle is not None:
        raise InputError(
            f"no row for {idle}", where=str(table), fix="add one, or leave this --input out"
        )
    return found


def _names(given: str) -> set[str]:
    path = Path(given)
    return {given, path.name, path.stem if path.is_file() else path.name}


def place_intervals(recording: Recording, wanted: Sequence[Wanted]) -> list[VideoInterval]:
    """Find the frames of intervals, in the order of their onsets.

    Raises
    ------
    UsageError, InputError : an onset or offset cannot be read or is outside the recording, they
        are in the wrong order, or two intervals have the same name.
    """
    placed = []
    for one in wanted:
        onset = _index(one, "onset", one.onset, recording)
        offset = _index(one, "offset", one.offset, recording)
        if onset >= offset:
            raise one.error(
                f"the onset {one.onset} is not before the offset {one.offset}",
                "exchange them; both are included",
                recording.given,
            )
        placed.append(make_interval(recording, onset, offset, how="given", name=one.name))
    placed.sort(key=lambda interval: (interval.onset, interval.offset))
    twice = _repeated([interval.clip for interval in placed])
    if twice is not None:
        raise InputError(
            f"two intervals are called {twice}", where=recording.given, fix="name them differently"
        )
    return placed


def make_interval(
    recording: Recording,
    onset: int,
    offset: int,
    *,
    how: How,
    name: str = "",
    score: float | None = None,
) -> VideoInterval:
    """An interval between two frames by their indices."""
    first, last = recording.numbers[onset], recording.numbers[offset]
    return VideoInterval(
        clip=f"{DATASET}/{recording.name}/{name or f'{first}-{last}'}",
        onset=first,
        offset=last,
        onset_s=round(float(recording.times[onset]), 6),
        offset_s=round(float(recording.times[offset]), 6),
        fps=round(recording.rate(onset, offset), 6),
        how=how,
        score=score,
    )


def _index(wanted: Wanted, which: str, text: str, recording: Recording) -> int:
    """Index of the frame that a text means; of a time, the frame nearest to it."""
    numbers, times = recording.numbers, recording.times
    last = f"the recording has frames {numbers[0]} to {numbers[-1]}, {times[-1]:.3f} s"
    if _FRAME.fullmatch(text):
        number = int(text)
        if number in numbers:
            return numbers.index(number)
        past = number > numbers[-1]
        raise wanted.error(
            f"the {which} {text} is {'past the end' if past else 'no frame of the recording'}",
            last,
            recording.given,
        )
    found = _TIME.fullmatch(text)
    if not found:
        raise wanted.error(
            f"the {which} {printable(text)[:40]!r} is neither a frame nor a time",
            f"write --{which} 35 for a frame or --{which} 1.4s for a time",
            recording.given,
        )
    seconds = float(found[1])
    if seconds > times[-1] + 1 / recording.fps:
        raise wanted.error(f"the {which} {text} is past the end", last, recording.given)
    return int(np.abs(times - seconds).argmin())


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for name in names if names.count(name) > 1), None)


def name_inputs(inputs: Sequence[str]) -> Mapping[str, str]:
    """A subject for each input: its file name without the ending, numbered where two are alike.

    Raises
    ------
    UsageError : an input is given twice.
    """
    twice = _repeated([str(Path(given).resolve()) for given in inputs])
    if twice is not None:
        raise UsageError("an input is given twice", where=twice, fix="name it once")
    named: dict[str, str] = {}
    for given in inputs:
        path = Path(given).resolve()
        plain = printable(path.name if path.is_dir() else path.stem) or "video"
        name, number = plain, 1
        while name in named.values():
            number += 1
            name = f"{plain}-{number}"
        named[given] = name
    return named
