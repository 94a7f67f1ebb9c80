"""Load: a predictor from the folder of a model, or of a run's fold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.settings import merge, read_toml
from raicl.common.versioned import Content, read_versioned
from raicl.train.fitted.folder import (
    AGAIN,
    PROVENANCE,
    RECORD,
    SCORES,
    SETTINGS,
    STATISTICS,
    WEIGHTS,
    is_whole,
    verify,
)
from raicl.train.fitted.predictor import Predictor
from raicl.train.fitted.records import (
    FitEnvironment,
    Fitted,
    ModelRecord,
    ScoresOfRun,
    Statistics,
)
from raicl.train.model.networks.own import NetworkSource, check_source
from raicl.train.model.siamese import Siamese
from raicl.train.run.device import resolve_device
from raicl.train.run.digests import check_begun
from raicl.train.run.folder import CLASSIFIER, CONFIG, DONE, ENVIRONMENT, REGIONS
from raicl.train.run.records import Environment, FoldRecord
from raicl.train.run.weights import load_module, load_network, network_to_fill, stored_bytes
from raicl.train.settings import TrainSettings

_ANEW = "remove the fold's folder and run the command that trained it again"


def load_predictor(folder: Path, device: str) -> Predictor:
    """See `raicl.train.load_model`."""
    if is_whole(folder):
        return _of_model(folder, device)
    if (folder / DONE).is_file():
        return _of_fold(folder, device)
    raise _no_model(folder)


def read_fitted(folder: Path) -> Fitted:
    """What the folder of a model says of it. Call `verify` first.

    Raises
    ------
    InputError : a file cannot be read.
    """
    scores = (folder / SCORES).is_file()
    return Fitted(
        record=_read(folder / RECORD, ModelRecord),
        settings=_read_settings(folder / SETTINGS),
        environment=_read(folder / PROVENANCE, FitEnvironment),
        statistics=_read(folder / STATISTICS, Statistics),
        scores=_read(folder / SCORES, ScoresOfRun) if scores else None,
    )


def _of_model(folder: Path, device: str) -> Predictor:
    digests = verify(folder)
    fitted = read_fitted(folder)
    record = fitted.record
    model = _empty(
        fitted.settings,
        record.class_counts,
        record.classes,
        source=fitted.environment.network_source,
        stored=[folder / WEIGHTS],
        fix=AGAIN,
    )
    load_module(
        model.tested,
        folder / WEIGHTS,
        digest=digests.files[WEIGHTS],
        owner="the model",
        fix=AGAIN,
    )
    return Predictor(
        model.to(resolve_device(device)),
        source=folder,
        digest=digests.digest,
        settings=fitted.settings,
        classes=record.classes,
        scale=record.scale,
        crop=record.crop,
        calibration=record.calibration,
        measure=record.measure,
        fitted=fitted,
    )


def _of_fold(folder: Path, device: str) -> Predictor:
    """The network of a run's fold, which has not seen what the fold held out."""
    record = read_versioned(folder / DONE, FoldRecord, fix=_ANEW)
    run = run_of(folder, record.held_out)
    environment = read_versioned(run / ENVIRONMENT, Environment, fix="copy the whole run folder")
    check_begun(run, environment)
    settings = _read_settings(run / CONFIG)
    stored = [path for name in (CLASSIFIER, REGIONS) if (path := folder / name).is_file()]
    model = _empty(
        settings,
        record.class_counts,
        environment.classes,
        source=environment.network_source,
        stored=stored,
        fix=_ANEW,
    )
    load_network(model.tested, folder, record)
    return Predictor(
        model.to(resolve_device(device)),
        source=folder,
        digest=record.digests[CLASSIFIER],
        settings=settings,
        classes=environment.classes,
        scale=record.scale,
        crop=environment.caches[0].size,
        calibration=record.calibration,
        measure=environment.measure,
        held_out=record.held_out,
    )


def run_of(fold: Path, held_out: str) -> Path:
    """The folder of the run that a fold is of.

    Parameters
    ----------
    held_out : name of the fold.
    """
    run = fold.resolve()
    for _ in ("folds", *held_out.split("/")):
        run = run.parent
    return run


def _empty(
    settings: TrainSettings,
    counts: Sequence[int],
    classes: Sequence[str],
    *,
    source: NetworkSource | None,
    stored: Sequence[Path],
    fix: str,
) -> Siamese:
    """A network to fill from files, after a check that it is not larger than they are."""
    if len(counts) != len(classes):
        raise InputError(
            f"{len(classes)} classes, and clips of {len(counts)}", where=str(stored[0]), fix=fix
        )
    check_source(settings.network, source)
    needed, held = stored_bytes(settings, counts), sum(path.stat().st_size for path in stored)
    if needed > held:
        raise InputError(
            f"the weights are of another network: it has {needed} bytes, the files {held}",
            where=", ".join(map(str, stored)),
            fix=fix,
        )
    return network_to_fill(settings, counts, source)


def _read_settings(path: Path) -> TrainSettings:
    return merge(TrainSettings, (str(path), read_toml(path)))


def _read(path: Path, kind: type[Content]) -> Content:
    return read_versioned(path, kind, fix=AGAIN, kind=f"{path.name} of the model")


def _no_model(folder: Path) -> InputError:
    if not folder.exists():
        return InputError("no such model", where=str(folder), fix="make one with: raicl fit")
    if (folder / CONFIG).is_file() and (folder / ENVIRONMENT).is_file():
        folds = sorted(path.parent for path in (folder / "folds").glob(f"**/{DONE}"))
        return InputError(
            "a run has a network for each fold, and none that is fitted on every clip",
            where=str(folder),
            fix=f"give a fold, such as {folds[0]}, or make a model with: raicl fit"
            if folds
            else "make a model with: raicl fit",
        )
    return InputError(
        "not the folder of a model: it has no digests.json",
        where=str(folder),
        fix="give the --out of a raicl fit command that has ended",
    )
