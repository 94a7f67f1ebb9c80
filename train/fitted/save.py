"""Save: the files of a fitted model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from raicl.common.clip import Clip
from raicl.common.files import write_atomic
from raicl.common.order import natural_key
from raicl.common.versioned import write_versioned
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import Fold
from raicl.train.fitted.card import write_card
from raicl.train.fitted.folder import (
    LOG,
    PROVENANCE,
    RECORD,
    SCORES,
    SETTINGS,
    STATISTICS,
    WEIGHTS,
    seal,
)
from raicl.train.fitted.load import read_fitted
from raicl.train.fitted.records import FitEnvironment, FittedDatabase, ModelRecord, ScoresOfRun
from raicl.train.fitted.statistics import measure
from raicl.train.fold.calibration import Calibration
from raicl.train.fold.checkpoint import save_tensors
from raicl.train.fold.log import read_log
from raicl.train.inputs.scaling import Scale
from raicl.train.model.siamese import Siamese
from raicl.train.run.key import to_toml
from raicl.train.run.records import Environment
from raicl.train.settings import TrainSettings


class Trained(NamedTuple):
    """A network that has learnt from every clip.

    Attributes
    ----------
    device : what trained it, in words.
    log : folder of the log of its epochs.
    begun : the environment in which the training was started.
    calibration : None if the settings ask for none.
    """

    model: Siamese
    scale: Scale
    device: str
    log: Path
    begun: Environment
    calibration: Calibration | None = None


def save_model(
    folder: Path, trained: Trained, composite: Composite, fold: Fold, settings: TrainSettings
) -> None:
    """Write the weights of the tested network, and what is needed to use them. Not yet the card.

    Raises
    ------
    InputError : a shard is damaged.
    """
    record = ModelRecord(
        classes=composite.classes,
        class_counts=tuple(composite.class_counts(fold.train)),
        scale=trained.scale,
        network=settings.infer_network,
        epochs=settings.epochs,
        seed=settings.seed + fold.index,
        crop=composite.caches[0].size,
        preparation=composite.caches[0].settings,
        databases=_databases(composite, fold.train),
        outside_protocol=dict(composite.outside),
        left_out=composite.left_out,
        flagged=dict(composite.flagged),
        official_list=tuple(composite.official),
        only_tested=len(composite.records) - len(fold.train),
        subject_keys=tuple(sorted(set(composite.subjects(fold.train).values()), key=natural_key)),
        calibration=trained.calibration,
    )
    save_tensors(folder / WEIGHTS, trained.model.tested.state_dict())
    write_atomic(folder / SETTINGS, to_toml(settings).encode())
    write_atomic(folder / LOG, (trained.log / LOG).read_bytes())
    write_versioned(folder / RECORD, record)
    write_versioned(folder / STATISTICS, measure(composite, fold.train, settings))
    write_versioned(folder / PROVENANCE, _environment(trained))


def tell(folder: Path, name: str, scores: ScoresOfRun | None) -> None:
    """Write what is said of a saved model, and then its digests, which make it whole.

    Parameters
    ----------
    name : name of the model.
    scores : the run that stands for it.
    """
    if scores is not None:
        write_versioned(folder / SCORES, scores)
    write_card(folder, name, read_fitted(folder))
    seal(folder)


def _databases(composite: Composite, clips: Sequence[str]) -> dict[str, FittedDatabase]:
    layouts = {
        part.name: part.layout
        for cache in composite.caches
        for part in cache.manifest.provenance.databases
    }
    by_name: dict[str, list[Clip]] = {}
    for clip in clips:
        annotated = composite.records[clip].record.clip
        by_name.setdefault(annotated.dataset, []).append(annotated)
    return {
        name: FittedDatabase(
            clips=len(found),
            subjects=len({clip.subject for clip in found}),
            classes=_counts(composite, found),
            sheet=composite.sheets.get(name, ""),
            layout=layouts.get(name, ""),
        )
        for name, found in sorted(by_name.items())
    }


def _counts(composite: Composite, clips: Sequence[Clip]) -> dict[str, int]:
    counts = Counter(composite.labels[clip.id] for clip in clips)
    return {name: counts[label] for label, name in enumerate(composite.classes)}


def _environment(trained: Trained) -> FitEnvironment:
    """The environment of the training, with the names of programs and files, not their paths."""
    begun = trained.begun
    caches = (c.model_copy(update={"path": Path(c.path).name}) for c in begun.caches)
    seconds = sum(row["seconds"] or 0.0 for row in read_log(trained.log))
    named = {"command": tuple(map(_without_folder, begun.command)), "caches": tuple(caches)}
    values = dict(begun) | named | {"device": trained.device, "seconds": round(seconds, 3)}
    return FitEnvironment.model_validate(values)


def _without_folder(word: str) -> str:
    """A word of a command line, of an absolute path only the name: ``--config=/a/b`` is b."""
    option, equals, value = word.rpartition("=")
    return f"{option}{equals}{Path(value).name}" if Path(value).is_absolute() else word
