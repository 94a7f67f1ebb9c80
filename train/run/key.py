"""The run key: what makes two runs the same experiment, and the environment of a run."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import torch

from raicl.common.files import sha256_bytes
from raicl.common.provenance import git_state, versions
from raicl.train.clips.composite import Composite
from raicl.train.model.networks.own import find_source
from raicl.train.run.records import CacheSource, Environment
from raicl.train.settings import TrainSettings

PACKAGES = ("raicl", "torch", "torchvision", "numpy", "h5py", "safetensors")


def run_key(composite: Composite, settings: TrainSettings) -> str:
    """Eight hexadecimal digits that change with the instances or with what is done to them."""
    made_of: dict[str, Any] = {
        "cache": composite.digest,
        "labels": composite.labels_digest,
        "settings": keyed(settings),
    }
    source = find_source(settings.network)
    if source is not None:
        made_of["network"] = source.sha256
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:8]


def to_toml(settings: TrainSettings) -> str:
    """The settings as TOML that ``--config`` reads back, without those that are None."""
    values = settings.model_dump(mode="json", exclude_none=True)
    # strings, numbers, booleans and flat arrays are written alike in JSON and TOML
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def identifying(settings: TrainSettings) -> dict[str, Any]:
    """The settings that say what is computed, without those that say where and how fast.

    The protocol's name is left out too: its file may change, so the labels are compared instead.
    """
    fields = TrainSettings.model_fields
    return {
        key: value
        for key, value in settings.model_dump(mode="json").items()
        if key != "protocol" and fields[key].json_schema_extra["panel"] != "Compute"  # type: ignore[index]
    }


def keyed(settings: TrainSettings) -> dict[str, Any]:
    """The identifying settings that a run's key is made of.

    A setting that was declared later is left out at its default, so that the same command finds a
    run that was begun before.
    """
    fields = TrainSettings.model_fields
    return {
        key: value
        for key, value in identifying(settings).items()
        if not fields[key].json_schema_extra["later"]  # type: ignore[index]
        or value != fields[key].default
    }


def environment(composite: Composite, settings: TrainSettings) -> Environment:
    """The environment of a run: versions, machine, command, caches and one's own network."""
    gpus = range(torch.cuda.device_count())
    return Environment(
        versions=versions(PACKAGES),
        git=git_state(),
        gpus=tuple(torch.cuda.get_device_name(index) for index in gpus),
        threads=torch.get_num_threads(),
        command=tuple(sys.argv),
        cache_digest=composite.digest,
        caches=tuple(
            CacheSource(path=str(cache.path), digest=cache.digest, size=cache.size)
            for cache in composite.caches
        ),
        protocol=composite.protocol,
        classes=composite.classes,
        labels_digest=composite.labels_digest,
        tested=tuple(sorted(composite.tested)),
        network_source=find_source(settings.network),
        measure=composite.measure,
        settings_digest=sha256_bytes(to_toml(settings).encode()),
    )
