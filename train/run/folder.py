"""Run: the folder of one experiment. A repeated command finds it again and completes it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from raicl.common.errors import ConflictError, InputError
from raicl.common.files import sha256_file, sweep, write_atomic
from raicl.common.locking import lock
from raicl.common.provenance import versions
from raicl.common.settings import merge, read_toml
from raicl.common.terminal.console import say
from raicl.common.versioned import read_versioned, write_versioned
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold
from raicl.train.run.key import PACKAGES, environment, identifying, run_key, to_toml
from raicl.train.run.records import Environment, FoldRecord
from raicl.train.scores.predictions import Prediction, read_predictions
from raicl.train.scores.results import Results
from raicl.train.settings import TrainSettings

_CONFIG, _ENVIRONMENT, _RESULTS, _DONE = "config.toml", "env.json", "results.json", "done.json"
_DIGESTED = ("predictions.csv", "weights.safetensors", "regions.safetensors", "oracle.jsonl")
_EVENTS = "tensorboard"
_AGAIN = "the same command makes it again"
_LOCK_SECONDS = 60.0  # ample: another process holds the lock only while it pools, under 1 s


class Run:
    """An open run folder.

    Attributes
    ----------
    folder : folder with ``config.toml``, ``env.json``, ``run.log``, ``folds/`` and the results.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def log(self, text: str) -> None:
        """Print `text` and append it to ``run.log`` with the time."""
        say(text)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        with (self.folder / "run.log").open("a", encoding="utf-8") as stream:
            stream.writelines(f"{stamp} {line}\n" for line in text.splitlines())

    def fold_folder(self, fold: Fold) -> Path:
        """Folder of a fold's files: ``folds/DATASET/SUBJECT``."""
        return self.folder / "folds" / fold.name

    def events_folder(self, fold: Fold) -> Path:
        """Folder of a fold's event files: ``tensorboard/DATASET/SUBJECT``."""
        return self.folder / _EVENTS / fold.name

    @contextmanager
    def hold(self, fold: Fold) -> Iterator[Path]:
        """Lock the fold's folder against other processes and remove what a killed one left there.

        Raises
        ------
        ConflictError : another process is training this fold.
        """
        folder = self.fold_folder(fold)
        folder.mkdir(parents=True, exist_ok=True)
        with lock(folder / "lock"):
            sweep(folder)
            yield folder

    @property
    def begun(self) -> bool:
        """Whether the run is set up completely, with or without results."""
        return (self.folder / _ENVIRONMENT).is_file()

    def pooled(self, folds: Sequence[Fold]) -> bool:
        """Whether the results cover every finished fold. A run may be killed before it pools them.

        Parameters
        ----------
        folds : all folds of the run.
        """
        path = self.folder / _RESULTS
        if not path.is_file():
            return False
        results = read_versioned(path, Results, fix=f"remove it: {_AGAIN}")
        return results.folds.done == sum(map(self.finished, folds))

    def finished(self, fold: Fold) -> bool:
        """Whether the fold is complete. Only ``done.json`` says so."""
        return (self.fold_folder(fold) / _DONE).is_file()

    def file_digests(self, fold: Fold) -> dict[str, str]:
        """SHA-256 of the files that must not change once the fold is finished, by name."""
        paths = [self.fold_folder(fold) / name for name in _DIGESTED]
        return {path.name: sha256_file(path) for path in paths if path.exists()}

    def finish(self, fold: Fold, record: FoldRecord) -> None:
        """Declare a fold complete, after its predictions and weights are on disk."""
        write_versioned(self.fold_folder(fold) / _DONE, record)

    def predictions(self, fold: Fold, classes: Sequence[str]) -> list[Prediction]:
        """The verified predictions of a finished fold.

        Raises
        ------
        InputError : they have changed since, or do not cover the fold's clips.
        """
        folder = self.fold_folder(fold)
        path = folder / "predictions.csv"
        predictions, found = read_predictions(path)
        digest = self.record(fold).digests["predictions.csv"]
        same = digest == sha256_file(path) and found == tuple(classes)
        if not same or sorted(row.clip for row in predictions) != sorted(fold.test):
            raise InputError(
                f"the predictions of fold {fold.name} are not those it finished with",
                where=str(path),
                fix="remove the fold's folder and run the same command again",
            )
        return predictions

    def record(self, fold: Fold) -> FoldRecord:
        """The record of a finished fold.

        Raises
        ------
        InputError : the file is damaged.
        """
        path = self.fold_folder(fold) / _DONE
        return read_versioned(path, FoldRecord, fix=f"remove the fold's folder: {_AGAIN}")

    def write_results(self, results: Results) -> None:
        """Replace ``results.json``."""
        write_versioned(self.folder / _RESULTS, results)

    @contextmanager
    def hold_results(self) -> Iterator[None]:
        """Exclude other processes while results are pooled, so that the last pools all folds."""
        deadline = time.monotonic() + _LOCK_SECONDS
        with ExitStack() as held:
            while True:
                try:
                    held.enter_context(lock(self.folder / "lock"))
                    break
                except ConflictError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.1)
            yield


def default_folder(composite: Composite, settings: TrainSettings) -> Path:
    """``runs/DATASETS-PROTOCOL-KEY``, so that the same command finds the same run.

    It starts with ``DATASETS-to-DATASETS`` if some databases are only tested. What each fold leaves
    out, unless subjects, and a control precede the key.
    """
    trained = sorted(set(composite.datasets) - composite.tested)
    sides = [trained, sorted(composite.tested)] if composite.tested else [composite.datasets]
    parts = ["-to-".join("+".join(side) for side in sides), composite.protocol.name]
    if settings.leave != "subject":
        parts.append(f"leave-{settings.leave}")
    if settings.control != "none":
        parts.append(settings.control)
    return Path("runs") / "-".join([*parts, run_key(composite, settings)])


def open_run(
    folder: Path, composite: Composite, settings: TrainSettings, *, overwrite: bool = False
) -> Run:
    """Start a run or reopen it.

    Raises
    ------
    ConflictError : the folder belongs to a run with other settings or instances (the error names
        the differences), or to something else.
    InputError : the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make the run folder: {error.strerror}",
            where=str(folder),
            fix="choose a --run-dir that you may write to",
        ) from error
    config = folder / _CONFIG
    # list the folder once: between two looks another process may start this run
    there = {path.name for path in folder.iterdir() if path.name[0] != "."}
    if there and _CONFIG not in there:
        raise ConflictError(
            "the folder holds something other than a run",
            where=str(folder),
            fix="choose a new --run-dir",
        )
    if overwrite and config.exists():
        _clear(folder)
    run = Run(folder)
    if run.begun:
        check_same(folder, composite, settings)
        _note_versions(run)
    else:  # the environment is written last: it marks the run as set up completely
        write_atomic(config, to_toml(settings).encode())
        write_versioned(folder / _ENVIRONMENT, environment(composite))
    return run


def check_same(folder: Path, composite: Composite, settings: TrainSettings) -> None:
    """Check that a run was started with these settings, instances and labels.

    Raises
    ------
    ConflictError : it was not. The error names what differs.
    """
    path = folder / _CONFIG
    before = identifying(merge(TrainSettings, (str(path), read_toml(path))))
    now = identifying(settings)
    changed = [
        f"{key} = {before[key]!r}, now {now[key]!r}" for key in now if before[key] != now[key]
    ]
    begun = _read_environment(folder)
    if begun.cache_digest != composite.digest:
        changed.append(f"cache {begun.cache_digest[:16]}, now {composite.digest[:16]}")
    if begun.labels_digest != composite.labels_digest:
        changed.append(
            f"labels {begun.labels_digest[:16]}, now {composite.labels_digest[:16]} "
            f"by protocol {composite.protocol.name}"
        )
    if changed:
        raise ConflictError(
            f"the run folder belongs to another experiment: {'; '.join(changed)}",
            where=str(folder),
            fix="choose another --run-dir (of raicl ablate: --dir), or start it anew with "
            "raicl-train --overwrite",
        )


def _read_environment(folder: Path) -> Environment:
    fix = "start the run anew with raicl-train --overwrite"
    return read_versioned(folder / _ENVIRONMENT, Environment, fix=fix)


def _note_versions(run: Run) -> None:
    before, now = _read_environment(run.folder).versions, versions(PACKAGES)
    changed = [
        f"{name} {before.get(name)} → {now[name]}" for name in now if before.get(name) != now[name]
    ]
    if changed:
        run.log(f"note: this run was begun with other versions: {', '.join(changed)}")


def _clear(folder: Path) -> None:
    with ExitStack() as held:
        for path in [folder / "lock", *folder.glob("folds/**/lock")]:
            held.enter_context(lock(path))  # no process is training what is removed here
        (folder / _ENVIRONMENT).unlink(missing_ok=True)
        for name in ("folds", _EVENTS):
            if (folder / name).exists():
                shutil.rmtree(folder / name)
        for name in ("predictions.csv", "results.json", "confusion.png", "run.log"):
            (folder / name).unlink(missing_ok=True)
