"""Strength: how far the instances of a row move, against the strongest of their clip."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from raicl.common.cache.flows import StoredClip
from raicl.data.protocols.protocol import load_protocol
from raicl.train.ablation.units import Unit
from raicl.train.clips.composite import Composite
from raicl.train.clips.plan import assemble
from raicl.train.inputs.instances import mean_length
from raicl.train.report.blocks import RowStrength
from raicl.train.settings.train import InferName


class Motions:
    """The motion of clips, read once however many rows share a cache."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, str], NDArray[np.float64]] = {}

    def relative(self, stored: StoredClip) -> NDArray[np.float64]:
        """(N,): mean |flow| of every instance in the cache over that of the strongest, 0 to 1.

        Where nothing moves every instance is as strong as the strongest, which is 1.

        Raises
        ------
        InputError : the shard is missing or damaged.
        """
        cache, record = stored
        key = cache.path, record.shard
        if key not in self._known:
            lengths = mean_length(torch.from_numpy(cache.read(record).instances))
            strongest = lengths.max()
            self._known[key] = lengths / strongest if strongest else np.ones_like(lengths)
        return self._known[key]


def unit_strength(unit: Unit, tested: Collection[str], motions: Motions) -> RowStrength | None:
    """The strength of what a unit trains on and tests. None if nobody knows the zero of the flow.

    Parameters
    ----------
    tested : ids of the clips that its runs have tested.

    Raises
    ------
    InputError : its caches cannot be read, or do not hold what it needs.
    """
    settings = unit.settings
    composite = assemble(unit.flows, load_protocol(settings.protocol), settings)
    if not composite.measure.zero:
        return None
    return composite_strength(composite, settings.infer, tested, motions)


def composite_strength(
    composite: Composite, infer: InferName, tested: Collection[str], motions: Motions
) -> RowStrength:
    """The strength of the rows that a composite trains on, and of those that `infer` tests."""
    trained_means, tested_means = [], []
    for clip, stored in composite.records.items():
        shares, record = motions.relative(stored), stored.record
        trained = shares[list(record.train_rows)].mean()
        if composite.trains(record.clip):
            trained_means.append(trained)
        if clip in tested:
            tested_means.append(shares[record.middle] if infer == "middle" else trained)
    return RowStrength(trained=float(np.mean(trained_means)), tested=float(np.mean(tested_means)))
