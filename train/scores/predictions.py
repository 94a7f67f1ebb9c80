"""Predictions: one row per held-out clip, and the file from which all scores are computed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.cache.measure import UNKNOWN
from raicl.common.errors import InputError
from raicl.common.files import read_within, write_atomic
from raicl.common.limits import LIST_BYTES

_KEYS = ("clip", "subject", "truth", "predicted", "motion_px")
_WRITTEN = re.compile(r"[0-9]+\.[0-9]{6}")  # of a number


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The prediction of a fold for one held-out clip.

    Attributes
    ----------
    clip : clip id.
    subject : ``dataset/subject``.
    truth, predicted : class indices.
    probabilities : one per class, see `raicl.train.fold.inference.Verdict`.
    motion_px : mean |flow| over the crop, averaged over the tested instances, px of the cache's
        crop, before any scaling. None if nobody knows the unit of the flow.
    """

    clip: str
    subject: str
    truth: int
    predicted: int
    probabilities: tuple[float, ...]
    motion_px: float | None


def write_predictions(
    path: Path, predictions: Sequence[Prediction], classes: Sequence[str]
) -> None:
    """Write `encode_predictions` atomically."""
    write_atomic(path, encode_predictions(predictions, classes))


def encode_predictions(predictions: Sequence[Prediction], classes: Sequence[str]) -> bytes:
    """One row per clip with class names. The columns ``p_CLASS`` give the classes' order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_KEYS, *(f"p_{name}" for name in classes)])
    for row in predictions:
        names = classes[row.truth], classes[row.predicted]
        motion = UNKNOWN if row.motion_px is None else f"{row.motion_px:.6f}"
        numbers = (f"{number:.6f}" for number in row.probabilities)
        writer.writerow([row.clip, row.subject, *names, motion, *numbers])
    return text.getvalue().encode()


def read_predictions(
    path: Path, *, fix: str = "put a copy of the file back"
) -> tuple[list[Prediction], tuple[str, ...]]:
    """Read predictions and the classes of their run.

    Parameters
    ----------
    fix : what a user can do about a file that cannot be read.

    Raises
    ------
    InputError : the file is missing, too large, or not one of `write_predictions`.
    """
    try:
        content = read_within(path, LIST_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"cannot read the predictions: {reason}", where=str(path), fix=fix
        ) from error
    try:
        return _parse(content)
    except (csv.Error, ValueError) as error:
        traces = foreign_traces(content)
        why = f"saved by another program, with {', '.join(traces)}" if traces else str(error)
        raise InputError(
            f"not a readable file of predictions: {why}", where=str(path), fix=fix
        ) from error


def _parse(content: bytes) -> tuple[list[Prediction], tuple[str, ...]]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    if not rows:
        raise ValueError("it is empty")
    header, *rows = rows
    if tuple(header[: len(_KEYS)]) != _KEYS:
        raise ValueError(f"its columns are {', '.join(header)}")
    if any(len(row) != len(header) for row in rows):
        raise ValueError(f"a row does not have {len(header)} cells, one per column")
    classes = tuple(name.removeprefix("p_") for name in header[len(_KEYS) :])
    predictions = [
        Prediction(
            clip=clip,
            subject=subject,
            truth=_index(truth, classes),
            predicted=_index(predicted, classes),
            probabilities=tuple(map(_number, probabilities)),
            motion_px=None if motion == UNKNOWN else _number(motion),
        )
        for clip, subject, truth, predicted, motion, *probabilities in rows
    ]
    return predictions, classes


def _index(name: str, classes: Sequence[str]) -> int:
    if name not in classes:
        raise ValueError(f"{name!r} is not one of its classes, {', '.join(classes)}")
    return classes.index(name)


def _number(text: str) -> float:
    """A number as it is written. One that was rounded since would give other scores."""
    if not _WRITTEN.fullmatch(text):
        raise ValueError(f"{text!r} is not a number with six decimals")
    return float(text)


def foreign_traces(content: bytes) -> list[str]:
    """What shows that a file of predictions was saved by a spreadsheet or an editor, in words."""
    text = content.decode("utf-8", errors="replace")
    header, *lines = text.removeprefix("\ufeff").splitlines() or [""]
    cells = max(",;\t", key=header.count)
    numbers = [number for line in lines for number in line.split(cells)[len(_KEYS) - 1 :] if number]
    signs = {
        "a byte order mark": text.startswith("\ufeff"),
        "CRLF at the ends of lines": "\r\n" in text,
        "semicolons between cells": cells == ";",
        "tabs between cells": cells == "\t",
        "decimal commas": cells != "," and any(re.fullmatch(r"\d+,\d+", n) for n in numbers),
        # most of them: one alone is damage
        "numbers of other than six decimals": sum(map(_is_rewritten, numbers)) > len(numbers) / 2,
    }
    return [sign for sign, there in signs.items() if there]


def _is_rewritten(number: str) -> bool:
    shown = re.fullmatch(r"\d*[.,]?\d+", number) is not None
    return shown and not _WRITTEN.fullmatch(number.replace(",", "."))


def part_of(path: Path, held_out: Collection[str]) -> bytes:
    """The header of a file and its lines of what a fold held out. Empty if there is no such file.

    Parameters
    ----------
    held_out : ``dataset/subject`` or ``dataset``, each.
    """
    if not path.is_file():
        return b""
    header, *lines = path.read_bytes().splitlines(keepends=True) or [b""]
    starts = tuple(f"{name}/".encode() for name in held_out)
    return b"".join([header, *(line for line in lines if line.startswith(starts))])
