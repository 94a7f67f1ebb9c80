"""Run: the folder of one experiment. A repeated command finds it again and completes it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.files import sha256_file, sweep
from raicl.common.locking import lock
from raicl.common.terminal.console import say
from raicl.common.versioned import read_versioned, write_versioned
from raicl.train.clips.folds import Fold
from raicl.train.run.copies import put_back, saved_elsewhere
from raicl.train.run.records import FoldRecord
from raicl.train.scores.predictions import Prediction, read_predictions
from raicl.train.scores.results import Results

CONFIG, ENVIRONMENT, RESULTS, DONE = "config.toml", "env.json", "results.json", "done.json"
CLASSIFIER, REGIONS = "weights.safetensors", "regions.safetensors"  # of the tested network
PREDICTIONS, UNCALIBRATED = "predictions.csv", "uncalibrated.csv"
CONFUSION, ATTENTION = "confusion.png", "attention.png"
_DIGESTED = (
    *(PREDICTIONS, UNCALIBRATED, CLASSIFIER, REGIONS, ATTENTION),
    *("log.jsonl", "log.csv", "oracle.jsonl"),
)
EVENTS = "tensorboard"
DIGESTS = "run-digests.json"  # not digests.json, which makes a folder a model
_AGAIN = "the same command makes it again"
_LOCK_SECONDS = 60.0  # ample: another process holds the lock only while it pools, under 1 s


class Run:
    """An open run folder.

    Attributes
    ----------
    folder : folder with ``config.toml``, ``env.json``, ``run.log``, ``folds/`` and the results.
    patience : how long to wait for a fold that another process holds, s.
    """

    def __init__(self, folder: Path, *, patience: float = 0.0) -> None:
        self.folder, self.patience = folder, patience

    def log(self, text: str) -> None:
        """Print `text` and append it to ``run.log`` with the time."""
        say(text)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        with (self.folder / "run.log").open("a", encoding="utf-8", errors="replace") as stream:
            stream.writelines(f"{stamp} {line}\n" for line in text.splitlines())

    def fold_folder(self, fold: Fold) -> Path:
        """Folder of a fold's files: ``folds/DATASET/SUBJECT``."""
        return self.folder / "folds" / fold.name

    def events_folder(self, fold: Fold) -> Path:
        """Folder of a fold's event files: ``tensorboard/DATASET/SUBJECT``."""
        return self.folder / EVENTS / fold.name

    @contextmanager
    def hold(self, fold: Fold) -> Iterator[Path]:
        """Lock the fold's folder against other processes and remove what a killed one left there.

        Raises
        ------
        ConflictError : another process is training this fold.
        """
        folder = self.fold_folder(fold)
        folder.mkdir(parents=True, exist_ok=True)
        with lock(folder / "lock", patience=self.patience):
            sweep(folder)
            yield folder

    @property
    def begun(self) -> bool:
        """Whether the run is set up completely, with or without results."""
        return (self.folder / ENVIRONMENT).is_file()

    def pooled(self, folds: Sequence[Fold]) -> bool:
        """Whether the results are whole and cover every finished fold.

        A run may be killed before or while it pools them.

        Parameters
        ----------
        folds : all folds of the run.
        """
        path = self.folder / RESULTS
        if not path.is_file() or not (self.folder / DIGESTS).is_file():
            return False
        results = read_versioned(path, Results, fix=f"remove it: {_AGAIN}")
        return results.folds.done == sum(map(self.finished, folds))

    def finished(self, fold: Fold) -> bool:
        """Whether the fold is complete. Only ``done.json`` says so."""
        return (self.fold_folder(fold) / DONE).is_file()

    def file_digests(self, fold: Fold) -> dict[str, str]:
        """SHA-256 of the files that must not change once the fold is finished, by name."""
        paths = [self.fold_folder(fold) / name for name in _DIGESTED]
        return {path.name: sha256_file(path) for path in paths if path.exists()}

    def finish(self, fold: Fold, record: FoldRecord) -> None:
        """Declare a fold complete, after its predictions and weights are on disk."""
        write_versioned(self.fold_folder(fold) / DONE, record)

    def predictions(
        self, fold: Fold, classes: Sequence[str], *, name: str = PREDICTIONS
    ) -> list[Prediction]:
        """The verified predictions of a finished fold.

        Parameters
        ----------
        name : of their file: those that are scored, or those before they were calibrated.

        Raises
        ------
        InputError : they have changed since, or do not cover the fold's clips.
        """
        path = self.fold_folder(fold) / name
        try:
            predictions, found = read_predictions(path)
        except InputError as error:
            fix = put_back(path.parent, self.record(fold), name)
            raise InputError(error.what, where=error.where, fix=fix) from error
        digest = self.record(fold).digests.get(name)
        same = digest == sha256_file(path) and found == tuple(classes)
        if not same or sorted(row.clip for row in predictions) != sorted(fold.test):
            raise InputError(
                f"the predictions of fold {fold.name} are not those it finished with"
                f"{saved_elsewhere(path)}",
                where=str(path),
                fix=put_back(path.parent, self.record(fold), name),
            )
        return predictions

    def record(self, fold: Fold) -> FoldRecord:
        """The record of a finished fold.

        Raises
        ------
        InputError : the file is damaged.
        """
        path = self.fold_folder(fold) / DONE
        return read_versioned(path, FoldRecord, fix=f"remove the fold's folder: {_AGAIN}")

    @contextmanager
    def hold_results(self) -> Iterator[None]:
        """Exclude other processes from what all folds share, so that the last pools all folds."""
        with lock(self.folder / "lock", patience=_LOCK_SECONDS):
            yield
