"""Predictions: one row per held-out clip, and the file from which all scores are computed."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.cache.measure import UNKNOWN
from raicl.common.errors import InputError
from raicl.common.files import write_atomic

_KEYS = ("clip", "subject", "truth", "predicted", "motion_px")


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


def read_predictions(path: Path) -> tuple[list[Prediction], tuple[str, ...]]:
    """Read predictions and the classes of their run.

    Raises
    ------
    InputError : the file is missing or is not one of `write_predictions`.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        if tuple(header[: len(_KEYS)]) != _KEYS:
            raise ValueError(f"its columns are {', '.join(header)}")
        if any(len(row) != len(header) for row in rows):
            raise ValueError(f"a row does not have {len(header)} cells, one per column")
        classes = tuple(name.removeprefix("p_") for name in header[len(_KEYS) :])
        predictions = [
            Prediction(
                clip=clip,
                subject=subject,
                truth=classes.index(truth),
                predicted=classes.index(predicted),
                probabilities=tuple(map(float, probabilities)),
                motion_px=_read_motion(motion),
            )
            for clip, subject, truth, predicted, motion, *probabilities in rows
        ]
    except (OSError, ValueError) as error:
        raise InputError(
            f"not a readable file of predictions: {error}",
            where=str(path),
            fix="remove the fold's folder and run the same command again",
        ) from error
    return predictions, classes


def _read_motion(text: str) -> float | None:
    if text == UNKNOWN:
        return None
    motion = float(text)
    if not 0 <= motion < math.inf:
        raise ValueError(f"motion_px is {text}")
    return motion
