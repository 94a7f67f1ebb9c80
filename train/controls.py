"""Controls: runs that must find nothing; what they find measures leaks and chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from raicl.train.composite import Composite, check_classes
from raicl.train.settings import TrainSettings

SHUFFLED = "CONTROL: labels shuffled between clips"


def controlled(composite: Composite, settings: TrainSettings) -> Composite:
    """The clips under the labels that the settings ask for, before any fold is made.

    Raises
    ------
    InputError : the shuffled labels leave fewer than two classes to train on.
    """
    if settings.control == "none":
        return composite
    shuffled = shuffle_labels(composite, settings.seed)
    check_classes(shuffled)
    return shuffled


def shuffle_labels(composite: Composite, seed: int) -> Composite:
    """The same clips with their labels permuted between all of them."""
    clips = sorted(composite.labels)
    labels = np.random.default_rng(seed).permutation([composite.labels[clip] for clip in clips])
    shuffled = {clip: int(label) for clip, label in zip(clips, labels, strict=True)}
    return replace(composite, labels=shuffled)


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
