"""What a run asks of a cache of every frame, as tests ask it."""

from pathlib import Path
from typing import Any

from raicl.common.settings import merge
from raicl.data.protocols.protocol import load_protocol
from raicl.train.clips.compose import compose
from raicl.train.clips.composite import Composite
from raicl.train.clips.resample import resample
from raicl.train.settings import TrainSettings


def asking(**values: Any) -> TrainSettings:
    return merge(TrainSettings, ("test", values))


def composed(path: Path, settings: TrainSettings) -> Composite:
    return resample(compose([path], load_protocol("cde"), as_prepared=False), settings)
