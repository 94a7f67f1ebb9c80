"""Model: what was given as MODEL, and which of its networks speak of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from raicl.common.cache.flows import read_index
from raicl.common.errors import InputError
from raicl.common.files import encode_json, sha256_bytes
from raicl.common.predicted import PredictedFlag
from raicl.common.settings import SettingValue
from raicl.common.versioned import read_versioned
from raicl.train.clips.folds import WITHIN
from raicl.train.fitted.load import load_predictor, run_of
from raicl.train.fitted.predictor import Predictor
from raicl.train.fitted.records import Fitted
from raicl.train.run.digests import check_results
from raicl.train.run.folder import CLASSIFIER, CONFIG, ENVIRONMENT, RESULTS
from raicl.train.run.outcome import Outcome, read_outcome
from raicl.train.run.records import Environment
from raicl.train.scores.results import Results
from raicl.train.settings import TrainSettings
from raicl.train.use.ranges import Ranges, ranges_of, ranges_of_run

SEEN = "seen-in-training"
_AGAIN = "type the run's raicl-train command again"


class Voice(NamedTuple):
    """The networks that speak of a clip.

    Attributes
    ----------
    networks : their folders.
    said_by : which they are, in words.
    flags : whether they have seen its person.
    """

    networks: tuple[Path, ...]
    said_by: str
    flags: tuple[PredictedFlag, ...]


@dataclass(frozen=True, kw_only=True)
class Known:
    """Who was there when networks were trained.

    Attributes
    ----------
    trained : keys ``dataset/subject`` of those trained on.
    perhaps : databases of which it is not known who was trained on.
    new : keys of those who certainly were not.
    """

    trained: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()

    def flags(self, subject: str) -> tuple[PredictedFlag, ...]:
        """The flag of a person whom the networks have, or may have, learnt from."""
        if subject in self.trained:
            said = f"{subject} was trained on, so this says nothing about new people."
        elif subject not in self.new and subject.partition("/")[0] in self.perhaps:
            said = f"{subject} may have been trained on: the model does not say."
        else:
            return ()
        return (PredictedFlag(name=SEEN, sentence=said),)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of ``raicl fit``, a fold of a run, or a run whose folds vote.

    Attributes
    ----------
    name : name of its folder.
    digest : digest of the model, or of the weights.
    networks : folders of its networks, each of which `load_predictor` loads.
    classes : class names, in the order of the probabilities.
    crop : side of the instances that it takes, px.
    settings : what it was trained with.
    preparation : what made its instances. None if that is not known.
    ranges : what its clips were like.
    known : who was there.
    held_out : the fold of a run that has not seen a person, by ``dataset/subject``.
    notes : what is to be said of every prediction.
    """

    name: str
    kind: Literal["model", "fold", "run"]
    digest: str
    networks: tuple[Path, ...]
    classes: tuple[str, ...]
    crop: int
    settings: TrainSettings
    preparation: Mapping[str, SettingValue] | None
    ranges: Ranges
    known: Known
    held_out: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def voice(self, subject: str) -> Voice:
        """The networks that speak of a clip of ``dataset/subject``."""
        own = self.held_out.get(subject)
        if own is not None:
            return Voice((own,), f"the one fold that held {subject} out", ())
        said_by = {
            "model": "the model",
            "fold": f"fold {self.name}",
            "run": f"the mean of {len(self.networks)} folds",
        }[self.kind]
        return Voice(self.networks, said_by, self.known.flags(subject))


def open_model(folder: Path, device: str) -> Model:
    """What is in the folder given as MODEL.

    Raises
    ------
    InputError : there is no model, one of its files is missing, damaged or changed, or it is a run
        without results or a control.
    SetupError, UsageError : there is no such device.
    """
    if (folder / CONFIG).is_file() and (folder / ENVIRONMENT).is_file():
        return _of_run(read_outcome(folder, folder.resolve().name))
    predictor = load_predictor(folder, device)
    if predictor.fitted is None:
        return _of_fold(predictor)
    return _of_fitted(predictor, predictor.fitted)


def _of_fitted(predictor: Predictor, fitted: Fitted) -> Model:
    record, scores = fitted.record, fitted.scores
    subjects = record.subject_keys
    if subjects is None and scores is not None:  # the run has the same people
        subjects = tuple(name for names in scores.results.held_out.values() for name in names)
    perhaps = frozenset() if subjects is not None else frozenset(record.databases)
    return Model(
        name=predictor.source.resolve().name,
        kind="model",
        digest=predictor.digest,
        networks=(predictor.source,),
        classes=predictor.classes,
        crop=record.crop,
        settings=fitted.settings,
        preparation=record.preparation,
        ranges=ranges_of(fitted.statistics),
        known=Known(trained=frozenset(subjects or ()), perhaps=perhaps),
    )


def _of_fold(predictor: Predictor) -> Model:
    run = run_of(predictor.source, predictor.held_out)
    environment = read_versioned(run / ENVIRONMENT, Environment, fix="copy the whole run folder")
    path, notes = run / RESULTS, []
    if path.is_file():
        check_results(run, environment)
        results = read_versioned(path, Results, fix=_AGAIN)
        _refuse_control(results, run)
        own = {predictor.held_out, *results.held_out.get(predictor.held_out, ())}
        everybody = {name for names in results.held_out.values() for name in names}
        known = Known(
            trained=frozenset(everybody - own),
            perhaps=_unsure(results) - set(predictor.held_out.split("+")),
            new=frozenset(own),
        )
    else:
        known = Known()
        notes.append("the run has no results yet: who was trained on is not known")
    notes.append("a fold does not say what its clips were like: only fixed limits are looked at")
    preparation = _preparation(environment)
    return Model(
        name=predictor.held_out,
        kind="fold",
        digest=predictor.digest,
        networks=(predictor.source,),
        classes=predictor.classes,
        crop=predictor.crop,
        settings=predictor.settings,
        preparation=preparation,
        ranges=Ranges(),
        known=known,
        notes=(*notes, *_unprepared(preparation)),
    )


def _of_run(outcome: Outcome) -> Model:
    results, environment = outcome.results, outcome.environment
    _refuse_control(results, outcome.folder)
    folders = {name: outcome.fold_folder(name) for name in outcome.folds}
    weights = {name: record.digests.get(CLASSIFIER, "") for name, record in outcome.folds.items()}
    preparation = _preparation(environment)
    partial = [f"the run is not finished: {results.partial}"] if results.partial else []
    motion = "a run says how much its clips move, and else only fixed limits are looked at"
    return Model(
        name=outcome.folder.resolve().name,
        kind="run",
        digest=sha256_bytes(encode_json(weights)),
        networks=tuple(folders.values()),
        classes=environment.classes,
        crop=environment.caches[0].size,
        settings=outcome.settings,
        preparation=preparation,
        ranges=ranges_of_run(outcome.predictions),
        known=Known(perhaps=_unsure(results)),
        held_out={
            subject: folders[name] for name, names in results.held_out.items() for subject in names
        },
        notes=(*partial, motion, *_unprepared(preparation)),
    )


def _refuse_control(results: Results, run: Path) -> None:
    if results.is_control:
        raise InputError(
            f"run {run.name} is a control, whose labels are shuffled",
            where=str(run),
            fix="give a run on the true labels",
        )


def _unsure(results: Results) -> frozenset[str]:
    """Databases of a run that has trained on people of whom its results do not speak."""
    complete = results.evaluation == WITHIN and not results.partial and not results.split
    return frozenset() if complete else frozenset(results.all_databases)


def _preparation(environment: Environment) -> Mapping[str, SettingValue] | None:
    """What made the instances of a run, if its first cache is where it was and is the same."""
    source = environment.caches[0]
    if not Path(source.path).is_file():
        return None
    cache = read_index(Path(source.path))
    return cache.settings if cache.digest == source.digest else None


def _unprepared(preparation: Mapping[str, SettingValue] | None) -> list[str]:
    if preparation is not None:
        return []
    return ["the caches of the run are not where they were: how its clips were prepared is unknown"]
