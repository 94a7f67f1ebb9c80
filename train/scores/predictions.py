"""Predictions: one row per held-out clip, and their file, from which every score follows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.files import write_atomic

_KEYS = ("clip", "subject", "truth", "predicted")
_MOTION = "motion_px"  # absent from earlier files


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What one fold says of one held-out clip.

    Attributes
    ----------
    clip, subject : ids; subject is ``dataset/subject``.
    truth, predicted : class indices.
    probabilities : softmax over the classes.
    motion_px : mean |flow| over the crop of the instance that was tested, or of all of them where
        there are several; px of the cache's crop, before any scaling. None where it is not known.
    """

    clip: str
    subject: str
    truth: int
    predicted: int
    probabilities: tuple[float, ...]
    motion_px: float | None = None


def write_predictions(
    path: Path, predictions: Sequence[Prediction], classes: Sequence[str]
) -> None:
    """Write one row per clip, classes by name; the columns ``p_CLASS`` give their order.

    The motion of a clip stands before them, if it is known of any.
    """
    known = any(row.motion_px is not None for row in predictions)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_KEYS, *([_MOTION] if known else []), *(f"p_{name}" for name in classes)])
    for row in predictions:
        shown = [f"{probability:.6f}" for probability in row.probabilities]
        if known:
            shown.insert(0, "" if row.motion_px is None else f"{row.motion_px:.6f}")
        writer.writerow([row.clip, row.subject, classes[row.truth], classes[row.predicted], *shown])
    write_atomic(path, text.getvalue().encode())


def read_predictions(path: Path) -> tuple[list[Prediction], tuple[str, ...]]:
    """Read predictions and the classes they are made of.

    Raises
    ------
    InputError : missing, or not a file of `write_predictions`.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        if tuple(header[: len(_KEYS)]) != _KEYS:
            raise ValueError(f"its columns are {', '.join(header)}")
        if any(len(row) != len(header) for row in rows):
            raise ValueError(f"a row has not the {len(header)} cells of its columns")
        moved = _MOTION in header[len(_KEYS) :][:1]
        start = len(_KEYS) + moved
        classes = tuple(name.removeprefix("p_") for name in header[start:])
        predictions = [
            Prediction(
                clip=clip,
                subject=subject,
                truth=classes.index(truth),
                predicted=classes.index(predicted),
                probabilities=tuple(map(float, numbers[moved:])),
                motion_px=_read_motion(numbers[0]) if moved else None,
            )
            for clip, subject, truth, predicted, *numbers in rows
        ]
    except (OSError, ValueError) as error:
        raise InputError(
            f"not a readable file of predictions: {error}",
            where=str(path),
            fix="remove the fold's folder and run the same command again",
        ) from error
    return predictions, classes


def _read_motion(text: str) -> float | None:
    """A mean length, or None from an empty cell: its fold is from before motion was recorded."""
    if not text:
        return None
    motion = float(text)
    if not 0 <= motion < math.inf:
        raise ValueError(f"{_MOTION} is {text}")
    return motion
