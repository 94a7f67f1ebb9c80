"""Cross-validation: runs the folds, then pools their predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from statistics import mean

from raicl.common.errors import PartialError
from raicl.common.terminal.progress import duration
from raicl.common.terminal.wording import counted
from raicl.common.versioned import encode_versioned
from raicl.data.protocols.identity import unlike_its_name
from raicl.train.clips.folds import Fold, describe_evaluation
from raicl.train.clips.leaks import identical_in
from raicl.train.clips.measured import describe_flow
from raicl.train.fold import pictures
from raicl.train.fold.events import EventFiles
from raicl.train.fold.log import read_log
from raicl.train.fold.oracle import pool_oracle, read_oracle
from raicl.train.model.networks.own import describe_network
from raicl.train.run.attempt import Attempt, tidy
from raicl.train.run.digests import check_fold, write_pooled
from raicl.train.run.experiment import Experiment
from raicl.train.run.folder import CONFUSION, PREDICTIONS, RESULTS, UNCALIBRATED, Run
from raicl.train.run.workers import attempts
from raicl.train.scores.calibration import reliability
from raicl.train.scores.predictions import Prediction, encode_predictions
from raicl.train.scores.results import BestEpochs, Progress, Results
from raicl.train.scores.summary import summarise

SELECTION = "last epoch of a fixed budget"


def cross_validate(experiment: Experiment, chosen: Sequence[Fold]) -> Results:
    """Run the chosen folds that are not finished, then pool every finished fold of the run.

    If a fold fails, the others continue. The results give its reason under ``failed``.

    Raises
    ------
    PartialError : no fold is finished.
    InputError : a file of a finished fold was changed.
    """
    run = experiment.run
    missing = [fold for fold in chosen if not run.finished(fold)]
    for fold in chosen:
        if fold not in missing:
            check_fold(run.fold_folder(fold), run.record(fold), weights=True)
            tidy(run, fold)
    if experiment.tensorboard:
        _write_events(run, [fold for fold in chosen if fold not in missing])
    if len(missing) < len(chosen):
        run.log(f"{len(chosen) - len(missing)} of {len(chosen)} folds are finished already")
    failed = _run_folds(experiment, missing) if missing else {}
    return pool_folds(experiment, failed)


def _write_events(run: Run, finished: Sequence[Fold]) -> None:
    """Write event files from the logs of folds that may have been trained without them."""
    for fold in finished:
        EventFiles(run.events_folder(fold), read_log(run.fold_folder(fold))).close()


def _run_folds(experiment: Experiment, missing: Sequence[Fold]) -> dict[str, str]:
    """Run folds. Gives the reasons of those that failed, by fold."""
    failed = {}
    seconds = []
    with closing(attempts(experiment, missing)) as ended:  # an error here ends those that run
        for done, (fold, attempt) in enumerate(ended, start=1):
            if attempt.reason:
                failed[fold.name] = attempt.reason
            elif attempt.done:
                seconds.append(attempt.seconds)
                left = mean(seconds) * (len(missing) - done) / experiment.jobs
                experiment.run.log(_fold_line(experiment, fold, attempt, left))
    return failed


def pool_folds(experiment: Experiment, failed: Mapping[str, str]) -> Results:
    """Pool the finished folds of a run into ``predictions.csv`` and ``results.json``.

    Parameters
    ----------
    failed : reasons of failed folds, by fold, stored with the results.

    Raises
    ------
    PartialError : no fold is finished.
    """
    run = experiment.run
    with run.hold_results():
        finished = [fold for fold in experiment.folds if run.finished(fold)]
        if not finished:
            raise PartialError(
                f"no fold is finished: {'; '.join(failed.values())}",
                where=str(run.folder),
                fix="remove the cause; the same command tries the folds again",
            )
        rows = _pooled(experiment, finished, PREDICTIONS)
        results = _results(experiment, finished, rows, failed)
        contents = {PREDICTIONS: encode_predictions(rows, experiment.classes)}
        if experiment.settings.calibration != "none":
            before = _pooled(experiment, finished, UNCALIBRATED)
            seed = experiment.settings.seed
            changed = {"uncalibrated": reliability(before, seed=seed)}
            results = results.model_copy(update=changed)
            contents[UNCALIBRATED] = encode_predictions(before, experiment.classes)
        if experiment.draw:
            contents[CONFUSION] = pictures.draw_confusion(results.confusion, experiment.classes)
        contents[RESULTS] = encode_versioned(results)
        write_pooled(run.folder, contents, [run.fold_folder(fold) for fold in finished])
    return results


def _pooled(experiment: Experiment, finished: Sequence[Fold], name: str) -> list[Prediction]:
    run, classes = experiment.run, experiment.classes
    return [row for fold in finished for row in run.predictions(fold, classes, name=name)]


def _results(
    experiment: Experiment,
    finished: Sequence[Fold],
    rows: Sequence[Prediction],
    failed: Mapping[str, str],
) -> Results:
    """The scores of the finished folds, and how they were found."""
    composite, settings, run = experiment.composite, experiment.settings, experiment.run
    scores = summarise(rows, experiment.classes, seed=settings.seed)
    part = finished if len(finished) < len(experiment.folds) else None
    return Results(
        **dict(scores),
        control=settings.control,
        # with nothing to learn the mean recall is that of chance, whatever the network prefers
        chance_uar=None if settings.control == "none" else 1 / len(experiment.classes),
        protocol=composite.protocol.name,
        protocol_differs=unlike_its_name(composite.protocol, composite.datasets),
        evaluation=describe_evaluation(composite, settings),
        held_out={fold.name: _subjects(experiment, fold) for fold in finished},
        sheets=composite.sheets,
        official_list=tuple(composite.official),
        unmet=tuple(composite.unmet),
        idle_exclusions=tuple(composite.idle_exclusions),
        all_databases=tuple(composite.datasets),
        selection=SELECTION,
        seed=settings.seed,
        folds=Progress(done=len(finished), all=len(experiment.folds)),
        failed=dict(failed),
        outside_protocol=dict(composite.outside),
        left_out=dict(composite.left_out),
        flagged=dict(composite.flagged),
        split=composite.split,
        cache_digest=composite.digest,
        network=describe_network(settings.network),
        duplicates=tuple(map(tuple, identical_in(composite, part))),
        flow=describe_flow(composite, settings),
        device=", ".join(dict.fromkeys(run.record(fold).device for fold in finished)),
        run_dir=str(run.folder),
        oracle=_oracle(experiment, finished, rows) if experiment.oracle else None,
        reliability=reliability(rows, seed=settings.seed),
    )


def _subjects(experiment: Experiment, fold: Fold) -> tuple[str, ...]:
    return tuple(sorted(set(experiment.composite.subjects(fold.test).values())))


def _oracle(
    experiment: Experiment, finished: Sequence[Fold], rows: Sequence[Prediction]
) -> BestEpochs | None:
    """The test-selected scores, if every finished fold was observed after every epoch."""
    run, epochs = experiment.run, experiment.settings.epochs
    seen = {
        fold.name: read_oracle(run.fold_folder(fold), run.record(fold).digests, epochs)
        for fold in finished
    }
    complete = {name: found for name, found in seen.items() if found is not None}
    if len(complete) < len(seen):
        without = ", ".join(name for name in seen if name not in complete)
        run.log(f"no oracle: trained without it, at least in part: {without}; see --overwrite")
        return None
    return pool_oracle(complete, rows, experiment.classes)


def _fold_line(experiment: Experiment, fold: Fold, attempt: Attempt, left: float) -> str:
    time_left = f", about {duration(left)} left" if left else ""
    return (
        f"{experiment.label(fold)}  {counted(attempt.clips, 'clip')}  "
        f"acc {attempt.correct / attempt.clips:.2f}  ({duration(attempt.seconds)}{time_left})"
    )
