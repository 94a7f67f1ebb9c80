"""Run: the clips that a run tested, each with the network of the fold that tested it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch

from raicl.common.cache.shards import Shard
from raicl.train.fold.inference import attend_rows, describe_inference
from raicl.train.inputs.instances import hold_instances
from raicl.train.report.networks import caches_gone, composite_of, network_of, recorded_caches
from raicl.train.run.outcome import Outcome, read_outcome
from raicl.train.scores.predictions import Prediction
from raicl.train.settings.networks import has_map
from raicl.train.view.source import Judgement, Sight, Viewed

_NETWORKS = 4  # that are kept in memory


class RunSource:
    """The tested clips of a run's finished folds.

    Parameters
    ----------
    flows : its caches. If empty, those that the run names.

    Raises
    ------
    InputError : the folder is not that of a run with results, or its caches are missing or others.
    """

    def __init__(self, folder: Path, flows: Sequence[Path]) -> None:
        self._outcome = read_outcome(folder, folder.resolve().name)
        caches = list(flows) or recorded_caches(self._outcome)
        if not caches:
            raise caches_gone(self._outcome, "give them: raicl view RUN --flows FLOWS")
        records = composite_of(self._outcome, caches).records
        self.name = self._outcome.name
        self.clips: Sequence[Viewed] = [
            Viewed(records[row.clip], _judgement(self._outcome, row))
            for row in self._outcome.predictions
        ]
        settings = self._outcome.settings
        self.regions: int | None = settings.queries if settings.mrd else 0
        if not has_map(settings.network):
            self.regions = None
        self._network = lru_cache(_NETWORKS)(lambda fold: network_of(self._outcome, fold))

    def look(self, viewed: Viewed, shard: Shard) -> Sight | None:
        """Where the network of the clip's fold looks in each of its instances.

        Raises
        ------
        InputError : the weights of the fold are missing or changed.
        """
        judged, record = viewed.judged, viewed.stored.record
        assert judged is not None
        held = hold_instances(
            {record.id: torch.from_numpy(shard.instances)},
            {record.id: record.middle},
            size=self._outcome.settings.size,
            device=torch.device("cpu"),
        )
        scale = self._outcome.folds[judged.fold].scale
        label = self._outcome.classes.index(judged.predicted)
        network = self._network(judged.fold)
        seen = attend_rows(network, held, scale, held.rows[record.id], label)
        shares = [clip.assignment for clip in seen if clip.assignment is not None]
        return Sight(
            torch.stack([clip.class_map for clip in seen]).float().numpy(),
            torch.stack(shares).float().numpy() if shares else None,
        )


def _judgement(outcome: Outcome, row: Prediction) -> Judgement:
    return Judgement(
        truth=outcome.classes[row.truth],
        predicted=outcome.classes[row.predicted],
        probabilities=dict(zip(outcome.classes, row.probabilities, strict=True)),
        fold=outcome.fold_of(row.subject),
        tested=describe_inference(outcome.settings),
    )
