"""Outcome: the results of a run, read from its folder and checked against its predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.files import sha256_file
from raicl.common.settings import merge, read_toml
from raicl.common.terminal.console import say
from raicl.common.versioned import read_versioned
from raicl.data.protocols.identity import unlike_its_name
from raicl.train.fold.log import History, read_log
from raicl.train.run.digests import check_begun, check_fold, check_results
from raicl.train.run.folder import DIGESTS, PREDICTIONS, UNCALIBRATED
from raicl.train.run.records import Environment, FoldRecord
from raicl.train.scores.predictions import Prediction, read_predictions
from raicl.train.scores.results import Results
from raicl.train.scores.summary import summarise
from raicl.train.settings import TrainSettings

_FILES = ("results.json", "env.json", "config.toml", "predictions.csv")
_AGAIN = "type the run's raicl-train command again: it pools the folds that are finished"
UNCOVERED = "not covered by digests: an older raicl made the run"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One run with results.

    Attributes
    ----------
    name : name of the folder, or its path if several folders have the same name.
    results : the content of ``results.json``.
    environment : the content of ``env.json``.
    settings : the content of ``config.toml``.
    predictions : pooled predictions, sorted by clip.
    uncalibrated : the same before their probabilities were calibrated. Empty if they are not.
    folds : the record of every finished fold, by name.
    logs : the log of every finished fold, one row per epoch, by name.
    covered : whether digests say that these are the files that were written. They do not in runs of
        an older raicl.
    """

    folder: Path
    name: str
    results: Results
    environment: Environment
    settings: TrainSettings
    classes: tuple[str, ...]
    predictions: tuple[Prediction, ...]
    uncalibrated: tuple[Prediction, ...]
    folds: dict[str, FoldRecord]
    logs: dict[str, History]
    covered: bool = True

    def fold_folder(self, fold: str) -> Path:
        """Folder of a fold's files."""
        return self.folder / "folds" / fold

    def fold_of(self, subject: str) -> str:
        """The fold that tested a subject."""
        return next(name for name, subjects in self.results.held_out.items() if subject in subjects)


def read_outcomes(folders: Sequence[Path]) -> list[Outcome]:
    """The outcomes of several runs, each under a name of its own. Their weights are checked too.

    Raises
    ------
    InputError : see `read_outcome`.
    """
    names = [folder.resolve().name for folder in folders]
    outcomes = [
        read_outcome(folder, name if names.count(name) == 1 else str(folder), weights=True)
        for folder, name in zip(folders, names, strict=True)
    ]
    for outcome in outcomes:
        if not outcome.covered:
            say(f"note: files of run {outcome.name} are {UNCOVERED}")
    return outcomes


def read_outcome(folder: Path, name: str, *, weights: bool = False) -> Outcome:
    """Read a run, after its files are checked against their digests.

    Parameters
    ----------
    weights : check the weights of the networks too. Otherwise only who loads them does.

    Raises
    ------
    InputError : the folder is not a run's, the run has no results yet, one of its files cannot be
        read or was changed, or its predictions do not give its results.
    """
    missing = [file for file in _FILES if not (folder / file).is_file()]
    if missing:
        begun = (folder / "config.toml").is_file()
        raise InputError(
            "the run has no results yet" if begun else "not the folder of a run",
            where=str(folder / missing[0]),
            fix=_AGAIN if begun else "give the --run-dir of a raicl-train command",
        )
    while True:
        before = _listed(folder)
        try:
            return _read_outcome(folder, name, weights=weights)
        except InputError:
            if _listed(folder) == before:  # or else a command has replaced the results meanwhile
                raise


def _listed(folder: Path) -> bytes:
    path = folder / DIGESTS
    return path.read_bytes() if path.is_file() else b""


def _read_outcome(folder: Path, name: str, *, weights: bool) -> Outcome:
    environment = read_versioned(folder / "env.json", Environment, fix=_AGAIN)
    check_begun(folder, environment)
    # before its digest: what a spreadsheet saved is called so
    predictions, classes = _read_pooled(folder, PREDICTIONS)
    covered = check_results(folder, environment)
    results = read_versioned(folder / "results.json", Results, fix=_AGAIN)
    _check_results(folder, results, predictions, classes)
    differs = unlike_its_name(environment.protocol, results.all_databases)
    results = results.model_copy(update={"protocol_differs": differs})  # of before, too
    subjects = {row.subject for row in predictions}
    if not subjects <= {name for names in results.held_out.values() for name in names}:
        raise InputError(
            "the results do not say which fold tested a subject",
            where=str(folder / "results.json"),
            fix=_AGAIN,
        )
    config = folder / "config.toml"
    settings = merge(TrainSettings, (str(config), read_toml(config)))
    before = _read_uncalibrated(folder, predictions) if settings.calibration != "none" else []
    places = {name: folder / "folds" / name for name in results.held_out}
    folds = {
        name: read_versioned(place / "done.json", FoldRecord, fix=_AGAIN)
        for name, place in places.items()
    }
    for fold, record in folds.items():
        check_fold(places[fold], record, weights=weights)
    return Outcome(
        folder=folder,
        name=name,
        results=results,
        environment=environment,
        settings=settings,
        classes=classes,
        predictions=tuple(sorted(predictions, key=lambda row: row.clip)),
        uncalibrated=tuple(sorted(before, key=lambda row: row.clip)),
        folds=folds,
        logs={fold: read_log(place) for fold, place in places.items()},
        covered=covered and all("log.jsonl" in record.digests for record in folds.values()),
    )


def check_labels(first: Outcome, other: Outcome) -> None:
    """Check that two runs agree on the true classes of the clips that both tested.

    Raises
    ------
    InputError : they do not. The error names a clip.
    """
    where = f"{first.folder}, {other.folder}"
    if first.classes != other.classes:
        raise InputError(
            f"the runs have other classes: {', '.join(first.classes)} and "
            f"{', '.join(other.classes)}, the first clip {first.predictions[0].clip} being "
            f"{first.classes[first.predictions[0].truth]} in the one",
            where=where,
            fix="compare runs of one --protocol",
        )
    truths = {row.clip: row.truth for row in first.predictions}
    for row in other.predictions:
        truth = truths.get(row.clip, row.truth)
        if truth != row.truth:
            raise InputError(
                f"the runs disagree on the truth: {row.clip} is {first.classes[truth]} in "
                f"{first.name} and {first.classes[row.truth]} in {other.name}",
                where=where,
                fix="compare runs of one protocol and one version of the sheet",
            )


def _read_uncalibrated(folder: Path, predictions: list[Prediction]) -> list[Prediction]:
    path = folder / UNCALIBRATED
    before, _ = _read_pooled(folder, UNCALIBRATED)
    if _classes(before) != _classes(predictions):
        raise InputError(
            "the uncalibrated predictions are of other clips or classes than the calibrated ones",
            where=str(path),
            fix=_AGAIN,
        )
    return before


def _read_pooled(folder: Path, name: str) -> tuple[list[Prediction], tuple[str, ...]]:
    """Read pooled predictions, which are a copy of those of the folds."""
    try:
        return read_predictions(folder / name)
    except InputError as error:
        damaged = [
            str(done.parent.relative_to(folder / "folds"))
            for done in sorted(folder.glob("folds/**/done.json"))
            if not _is_whole(done, name)
        ]
        fix = (
            f"put a copy of the file back; those of folds {', '.join(damaged)} are damaged too"
            if damaged
            else "the folds' own files are whole: remove this one and type the run's raicl-train "
            "command again, which pools them and trains nothing"
        )
        raise InputError(error.what, where=error.where, fix=fix) from error


def _is_whole(done: Path, name: str) -> bool:
    """Whether a file of a fold is the one that the fold finished with."""
    path = done.parent / name
    digest = read_versioned(done, FoldRecord, fix=_AGAIN).digests.get(name)
    return path.is_file() and digest == sha256_file(path)


def _classes(predictions: list[Prediction]) -> dict[str, tuple[int, int]]:
    return {row.clip: (row.truth, row.predicted) for row in predictions}


def _check_results(
    folder: Path, results: Results, predictions: list[Prediction], classes: tuple[str, ...]
) -> None:
    path = folder / "results.json"
    found = summarise(predictions, classes, seed=results.seed)
    differing = [name for name, value in found if value != getattr(results, name)]
    if differing:
        raise InputError(
            f"the predictions of the run give other results: {', '.join(differing)}",
            where=str(path),
            fix=_AGAIN,
        )
