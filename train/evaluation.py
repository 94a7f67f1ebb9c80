"""Evaluation: which folds a run has, and what its results call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raicl.common.errors import UsageError
from raicl.train.composite import Composite
from raicl.train.folds import Fold, across_databases, leave_one_database_out, leave_one_subject_out
from raicl.train.settings import TrainSettings

WITHIN = "leave-one-subject-out"


def make_folds(composite: Composite, settings: TrainSettings) -> tuple[Fold, ...]:
    """All folds of a run.

    Raises
    ------
    UsageError : something is to be tested alone and left out in turn at once.
    InputError : see `leave_one_subject_out`.
    """
    if composite.tested:
        if settings.leave != "subject":
            raise UsageError(
                f"--test says what is tested, --leave {settings.leave} leaves each out in turn",
                fix="give one of them",
            )
        return (across_databases(composite.clips, composite.tested),)
    if settings.leave == "database":
        return leave_one_database_out(composite.clips)
    return leave_one_subject_out(composite.clips)


def describe_evaluation(composite: Composite, settings: TrainSettings) -> str:
    """How the run tests, in the words of every result."""
    if composite.tested:
        trained = sorted(set(composite.datasets) - composite.tested)
        return (
            f"tested across databases: trained on {', '.join(trained)}, "
            f"tested on {', '.join(sorted(composite.tested))}"
        )
    if settings.leave == "database":
        return "tested across databases: trained on all but one, tested on that one, each in turn"
    return WITHIN


def evaluation(results: Mapping[str, Any]) -> str:
    """`describe_evaluation` of results, also of those of the first versions."""
    return str(results.get("evaluation", WITHIN))


def partial(results: Mapping[str, Any]) -> str:
    """Which part of the folds is done, in words; empty for all."""
    done, every = results["folds"]["done"], results["folds"]["all"]
    noun = "subjects" if evaluation(results) == WITHIN else "folds"
    return "" if done == every else f"partial, {done} of {every} {noun}"
