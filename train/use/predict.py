"""READ FIRST. From a clip in a cache to what a model says of it, with what is out of its range.

The clips are taken a few at a time: their shards are read, every network that speaks of them is
asked, and the flags are found. A network of a run is loaded, asked, and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from raicl.common.cache.flows import StoredClip
from raicl.common.cache.shards import Shard
from raicl.common.predicted import PredictedFlag
from raicl.train.fitted.load import load_predictor
from raicl.train.fitted.predictor import Predictor
from raicl.train.fitted.statistics import frame_rate, quantities
from raicl.train.fold.inference import Attention
from raicl.train.fold.pooling import Verdict
from raicl.train.inputs.instances import read_clip
from raicl.train.use.comparable import sampled_as_trained, version_flags
from raicl.train.use.limits import fixed_flags, stage_1_flags
from raicl.train.use.model import Model, Voice
from raicl.train.use.ranges import untrained_flags

BATCH = 32  # clips in memory at a time; one has 5 MB of 16 instances of 225 px


class Networks:
    """Loads the networks of a model by their folders, and keeps the last one."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._last: Predictor | None = None

    def load(self, folder: Path) -> Predictor:
        """The network in a folder.

        Raises
        ------
        InputError : a file of it is missing, damaged or changed.
        """
        if self._last is None or self._last.source != folder:
            self._last = load_predictor(folder, self._device)
        return self._last


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a model says of one clip.

    Attributes
    ----------
    stored : the clip, with the rows that the model tests.
    shard : its instances.
    verdict : class and probabilities.
    voice : the networks that were asked.
    flags : what is out of range.
    """

    stored: StoredClip
    shard: Shard
    verdict: Verdict
    voice: Voice
    flags: tuple[PredictedFlag, ...]


class _Asked(NamedTuple):
    stored: StoredClip
    shard: Shard
    voice: Voice


def predict_clips(clips: Sequence[StoredClip], model: Model, networks: Networks) -> Iterator[Said]:
    """Say of each clip, in their order, what the model says.

    Raises
    ------
    InputError : a shard or a network is damaged, or the cache does not hold what the model tests.
    """
    for start in range(0, len(clips), BATCH):
        asked = [_ask(stored, model) for stored in clips[start : start + BATCH]]
        for one, verdict in zip(asked, _verdicts(asked, model, networks), strict=True):
            yield Said(
                stored=one.stored,
                shard=one.shard,
                verdict=verdict,
                voice=one.voice,
                flags=_flags(one, model),
            )


def attend(said: Said, networks: Networks) -> Attention:
    """Where the first network that spoke looks in the middle instance, for the class it was given.

    Raises
    ------
    InputError : the network is damaged.
    """
    middle = said.shard.instances[said.stored.record.middle]
    predictor = networks.load(said.voice.networks[0])
    return predictor.attend(middle, said.verdict.predicted)


def vote(verdicts: Sequence[Verdict]) -> Verdict:
    """The mean of the probabilities of several networks, and the class with the highest one.

    A single network has the last word on its class: with ``--infer vote`` it decides ties itself.
    """
    if len(verdicts) == 1:
        return verdicts[0]
    mean = np.mean([verdict.probabilities for verdict in verdicts], axis=0)
    return Verdict(int(mean.argmax()), tuple(mean.tolist()))


def _ask(stored: StoredClip, model: Model) -> _Asked:
    record = sampled_as_trained(stored, model)
    voice = model.voice(record.subject_key)
    return _Asked(StoredClip(stored.cache, record), read_clip(stored.cache, record), voice)


def _verdicts(asked: Sequence[_Asked], model: Model, networks: Networks) -> list[Verdict]:
    """Load each network once, and ask it about all clips that it speaks of."""
    given: list[list[Verdict]] = [[] for _ in asked]
    for folder in model.networks:
        rows = [n for n, one in enumerate(asked) if folder in one.voice.networks]
        if not rows:
            continue
        predictor = networks.load(folder)
        clips = [torch.from_numpy(_tested(asked[n], predictor)) for n in rows]
        for n, verdict in zip(
            rows, predictor.verdicts(clips, middle=[0] * len(clips)), strict=True
        ):
            given[n].append(verdict)
    return [vote(verdicts) for verdicts in given]


def _tested(one: _Asked, predictor: Predictor) -> NDArray[np.float16]:
    """The instances that are tested, (N, 3, S, S): the middle one, or those of the sampling."""
    record = one.stored.record
    rows = [record.middle] if predictor.settings.infer == "middle" else list(record.train_rows)
    return one.shard.instances[rows]


def _flags(one: _Asked, model: Model) -> tuple[PredictedFlag, ...]:
    stored, settings = one.stored, model.settings
    record = stored.record
    numbers = quantities(stored, one.shard.instances[record.middle], settings)
    rate = frame_rate(stored, settings)
    fixed = fixed_flags(record.quality, stored.cache.size)
    names = {flag.name for flag in fixed}
    noted = [flag for flag in stage_1_flags(record.clip.flags) if flag.name not in names]
    unlike = untrained_flags(numbers, rate, model.ranges)
    return (*fixed, *noted, *unlike, *version_flags(stored.cache, model), *one.voice.flags)
