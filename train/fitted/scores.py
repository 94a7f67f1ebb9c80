"""Scores: the leave-one-subject-out run that stands for a model, refused unless it really does."""

from __future__ import annotations

from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.files import sha256_file
from raicl.train.clips.composite import Composite
from raicl.train.clips.folds import WITHIN
from raicl.train.fitted.records import ScoresOfRun
from raicl.train.run.cross_validate import SELECTION
from raicl.train.run.opening import differences
from raicl.train.run.outcome import Outcome, read_outcome
from raicl.train.settings import TrainSettings


def scores_for(folder: Path, composite: Composite, settings: TrainSettings) -> ScoresOfRun:
    """The scores of a run that did, subject by subject, what is now done with all of them.

    Parameters
    ----------
    folder : folder of the run.
    composite, settings : of the model.

    Raises
    ------
    InputError : the folder is not a run's, the run is not finished, its scores say nothing of such
        a model, or it is of other settings, instances, labels or clips.
    """
    name = folder.resolve().name
    outcome = read_outcome(folder, name)
    _refuse_unfit(outcome)
    changed = differences(outcome.settings, outcome.environment, composite, settings)
    if changed:
        raise InputError(
            f"the scores of run {name} are of another experiment: {'; '.join(changed)}",
            where=str(folder),
            fix=f"fit with the run's caches and --config {folder / 'config.toml'}, "
            "or leave --scores out",
        )
    truth = {row.clip: row.truth for row in outcome.predictions}
    tested = {c.id: composite.labels[c.id] for c in composite.clips if composite.tests(c)}
    if truth != tested:
        other = min(clip for clip in truth | tested if truth.get(clip) != tested.get(clip))
        raise InputError(
            f"run {name} tested other clips than there are, first {other}",
            where=str(folder / "predictions.csv"),
            fix="type the run's raicl-train command again with --overwrite",
        )
    return ScoresOfRun(
        run=name,
        predictions=sha256_file(folder / "predictions.csv"),
        results=outcome.results.model_copy(update={"run_dir": name}),
    )


def _refuse_unfit(outcome: Outcome) -> None:
    """Refuse a run whose scores say nothing of a model that is fitted on everybody."""
    results, again = outcome.results, "type the run's raicl-train command again"
    oracle = results.oracle is not None
    reasons = {
        f"run {outcome.name} is a control, whose labels are shuffled": (
            results.is_control,
            "give a run on the true labels",
        ),
        f"run {outcome.name} is {results.evaluation}": (
            results.evaluation != WITHIN,
            f"give a {WITHIN} run",
        ),
        f"run {outcome.name} is not finished: {results.partial}": (
            bool(results.partial),
            f"{again}, with --fold all",
        ),
        f"run {outcome.name} also has scores that were selected on the test": (
            oracle,
            f"{again}, without --oracle",
        ),
        f"run {outcome.name} selects its epoch otherwise: {results.selection}": (
            results.selection != SELECTION,
            f"give a run whose selection is: {SELECTION}",
        ),
    }
    for what, (refused, fix) in reasons.items():
        if refused:
            raise InputError(what, where=str(outcome.folder), fix=fix)
