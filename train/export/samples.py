"""Samples: the instances on which an exported model is compared with PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from raicl.common.cache.flows import open_cache
from raicl.common.errors import InputError
from raicl.train.export.answers import Floats
from raicl.train.fitted.predictor import Predictor

COUNT = 32  # of random instances, and at most of those of a cache


def random_instances(predictor: Predictor) -> Floats:
    """Noise of the model's own scale, from a hundredth of it to a hundred times; the first is rest.

    Returns
    -------
    (COUNT, 3, S, S), always the same for a model. Its numbers are none of float16.
    """
    rng = np.random.default_rng(0)
    scale = predictor.scale
    shape = (COUNT, 3, predictor.crop, predictor.crop)
    spread = np.array([scale.flow, scale.flow, scale.strain])[:, None, None]
    strength = np.geomspace(0.01, 100, COUNT)[:, None, None, None]
    strength[0] = 0
    noise = rng.standard_normal(shape) * spread * strength
    noise[:, 2] = np.abs(noise[:, 2])
    instances: Floats = noise.astype(np.float32)
    return instances


def real_instances(path: Path, predictor: Predictor) -> Floats:
    """The middle instances of clips that are spread over a cache, (N, 3, S, S), N up to COUNT.

    Raises
    ------
    InputError : it is no cache or damaged, or its instances are of another size than the model's.
    """
    cache = open_cache(path)
    if cache.size != predictor.crop:
        raise InputError(
            f"instances of {cache.size} px, where the model takes {predictor.crop} px",
            where=str(path),
            fix=f"give a cache of raicl-prep --size {predictor.crop}",
        )
    chosen = np.linspace(0, len(cache.records) - 1, min(COUNT, len(cache.records))).round()
    records = [cache.records[int(index)] for index in chosen]
    middle = [cache.read(record).instances[record.middle] for record in records]
    instances: Floats = np.stack(middle, dtype=np.float32)
    return instances
