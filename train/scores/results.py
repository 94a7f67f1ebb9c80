"""Results: what a run found, and how it was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raicl.train.clips.folds import WITHIN
from raicl.train.settings import TrainSettings


def evaluation(results: Mapping[str, Any]) -> str:
    """`describe_evaluation` of results, also of those of the first versions."""
    return str(results.get("evaluation", WITHIN))


def partial(results: Mapping[str, Any]) -> str:
    """Which part of the folds is done, in words; empty for all."""
    done, every = results["folds"]["done"], results["folds"]["all"]
    noun = "subjects" if evaluation(results) == WITHIN else "folds"
    return "" if done == every else f"partial, {done} of {every} {noun}"


SHUFFLED = "CONTROL: labels shuffled between clips"


def is_control(results: Mapping[str, Any]) -> bool:
    """Whether results are of a control and say nothing of the method."""
    return bool(results.get("control", "none") != "none")  # absent from earlier runs


def describe_control(settings: TrainSettings, n_classes: int) -> dict[str, Any]:
    """What a run's results say of its control: none of it for a real run.

    Without anything to learn each class is recalled by chance: UAR is 1/L on average, whatever
    the network prefers, if all L classes are tested.
    """
    if settings.control == "none":
        return {"control": "none"}
    return {"control": settings.control, "chance_uar": 1 / n_classes}
