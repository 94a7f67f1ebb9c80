"""Controls: runs that must find nothing; what they find measures leaks and chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from raicl.train.clips.composite import Composite, check_classes
from raicl.train.settings import TrainSettings


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
