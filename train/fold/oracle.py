"""Oracle: the scores if each fold were scored at its own best epoch. Not a result.

Public code of this field often chooses the epoch by the test labels, which is invalid. The
difference from the last epoch shows how much that choice gains. No other score depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ValidationError

from raicl.common.errors import InputError
from raicl.common.files import read_within, sha256_file, write_atomic
from raicl.common.limits import LIST_BYTES
from raicl.common.versioned import first_problem
from raicl.train.fold.fit import Observer
from raicl.train.fold.inference import classify
from raicl.train.inputs.instances import Instances
from raicl.train.inputs.scaling import Scale
from raicl.train.model.siamese import Siamese
from raicl.train.scores.predictions import Prediction
from raicl.train.scores.results import BestEpochs
from raicl.train.scores.summary import summarise

FILE = "oracle.jsonl"
_AGAIN = "remove the fold's folder and run the same command again"
INVALID = "test-selected, invalid"
Epochs = list[dict[str, int]]  # by clip the predicted class, after every epoch


def watch(folder: Path, instances: Instances, clips: Sequence[str]) -> Observer:
    """An observer that classifies `clips` after every epoch and keeps the classes beside the log.

    It reads no label and draws no random number, so it does not change the training.
    """

    def observe(epoch: int, model: Siamese, scale: Scale) -> None:
        found = classify(model, instances, scale, clips=clips)
        given = {clip: verdict.predicted for clip, verdict in found.items()}
        path = folder / FILE
        # an epoch that is trained again after an interruption is kept once
        kept = [row for row in _rows(path) if row.epoch < epoch]
        kept.append(_Row(epoch=epoch, predicted=given))
        lines = (json.dumps(row.model_dump()) + "\n" for row in kept)
        write_atomic(path, "".join(lines).encode())

    return observe


def read_oracle(folder: Path, digests: Mapping[str, str], epochs: int) -> Epochs | None:
    """The classes that a finished fold gave after every epoch. None if one was not observed.

    Parameters
    ----------
    digests : digests of the fold's files when it finished, by name.

    Raises
    ------
    InputError : the file has changed since, or cannot be read.
    """
    path, digest = folder / FILE, digests.get(FILE)
    if digest is None:
        return None
    if not path.is_file() or sha256_file(path) != digest:
        raise InputError(
            "the classes by epoch are not those the fold finished with",
            where=str(path),
            fix=_AGAIN,
        )
    rows = _rows(path)
    if [row.epoch for row in rows] != list(range(1, epochs + 1)):
        return None  # some epochs were trained without the oracle
    return [row.predicted for row in rows]


def best_epoch(epochs: Epochs, truth: Mapping[str, int]) -> int:
    """The first epoch, counted from 1, after which the most clips of a fold are right."""
    right = [sum(truth[clip] == given for clip, given in row.items()) for row in epochs]
    return 1 + right.index(max(right))


def pool_oracle(
    folds: Mapping[str, Epochs], predictions: Sequence[Prediction], classes: Sequence[str]
) -> BestEpochs:
    """Pooled scores of every fold's best epoch.

    Parameters
    ----------
    folds : classes given after every epoch, by name of the fold.
    predictions : predictions of the last epoch, for their true classes.
    """
    truth = {row.clip: row.truth for row in predictions}
    chosen = {name: best_epoch(epochs, truth) for name, epochs in folds.items()}
    given = {
        clip: predicted
        for name, epochs in folds.items()
        for clip, predicted in epochs[chosen[name] - 1].items()
    }
    rows = [replace(row, predicted=given[row.clip]) for row in predictions]
    scores = summarise(rows, classes)
    return BestEpochs(
        selection=INVALID,
        uf1=scores.uf1,
        uar=scores.uar,
        accuracy=scores.accuracy,
        epochs=chosen,
    )


class _Row(BaseModel):
    """The classes that clips were given after an epoch."""

    epoch: int
    predicted: dict[str, int]


def _rows(path: Path) -> list[_Row]:
    if not path.is_file():
        return []
    try:
        lines = read_within(path, LIST_BYTES).decode().splitlines()
        return [_Row.model_validate_json(line) for line in lines]
    except ValueError as error:
        reason = first_problem(error) if isinstance(error, ValidationError) else error
        raise InputError(
            f"the classes by epoch cannot be read: {reason}", where=str(path), fix=_AGAIN
        ) from error
