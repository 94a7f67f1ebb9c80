"""Log: the numbers of every epoch of a fold, in files that other programs can read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ConfigDict, TypeAdapter, ValidationError

from raicl.common.errors import InputError
from raicl.common.files import read_within, write_atomic
from raicl.common.limits import LIST_BYTES
from raicl.common.versioned import first_problem
from raicl.train.fold.events import EventFiles

EpochLog = Mapping[str, float | None]  # one epoch: "epoch", "lr", "seconds", losses, monitors
History = list[EpochLog]
_ROW = TypeAdapter(dict[str, int | float | None], config=ConfigDict(allow_inf_nan=False))

# columns of log.csv, the same for every run; a term that a run does not use has empty cells
COLUMNS = (
    "epoch", "lr", "seconds", "loss", "cls", "acl", "align", "c", "balance", "decorrelation",
    "ema_gap", "log_map_norm", "usage", "entropy", "information", "region_std", "region_cosine",
)  # fmt: skip


class Log:
    """The rows of one fold, one per epoch, in ``log.jsonl``, ``log.csv`` and event files.

    All of them hold the same rows. They are rewritten when a fold resumes, so that they agree after
    any interruption and hold no epoch twice.

    Parameters
    ----------
    folder : folder of the fold.
    history : rows of the finished epochs. `append` adds later rows to it.
    events : folder of the fold's TensorBoard event files. None for no event files.
    """

    def __init__(self, folder: Path, history: History, *, events: Path | None = None) -> None:
        self.folder, self.history = folder, history
        lines, table = map(_json_line, history), map(_csv_line, history)
        header = ",".join(COLUMNS) + "\n"
        write_atomic(folder / "log.jsonl", "".join(lines).encode())
        write_atomic(folder / "log.csv", "".join([header, *table]).encode())
        self._events = None if events is None else EventFiles(events, history)

    def append(self, row: EpochLog) -> None:
        """Add the row of the epoch that has just ended."""
        self.history.append(dict(row))
        for name, line in (("log.jsonl", _json_line(row)), ("log.csv", _csv_line(row))):
            with (self.folder / name).open("a", encoding="utf-8") as stream:
                stream.write(line)
        if self._events is not None:
            self._events.add(row)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._events is not None:
            self._events.close()


def read_log(folder: Path) -> History:
    """The rows of a finished fold.

    Raises
    ------
    InputError : its ``log.jsonl`` is missing, too large or damaged.
    """
    path = folder / "log.jsonl"
    try:
        lines = read_within(path, LIST_BYTES).decode().splitlines()
        rows = [_ROW.validate_json(line) for line in lines]
        if not all({"epoch", "seconds"} <= row.keys() for row in rows):
            raise ValueError("a row has no epoch, or no duration")
    except (OSError, ValueError) as error:
        reason = first_problem(error) if isinstance(error, ValidationError) else error
        raise InputError(
            f"the log of a fold cannot be read: {reason}",
            where=str(path),
            fix="remove the fold's folder and type the run's raicl-train command again",
        ) from error
    return list(rows)


def _json_line(row: EpochLog) -> str:
    return json.dumps(row) + "\n"


def _csv_line(row: EpochLog) -> str:
    text = io.StringIO()
    csv.DictWriter(text, COLUMNS, lineterminator="\n").writerow(row)  # None is an empty cell
    return text.getvalue()
