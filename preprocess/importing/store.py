"""Store: what imported flow means, and one clip of it as a shard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from raicl.common.cache.measure import Measure
from raicl.common.cache.record import ClipRecord
from raicl.common.cache.shards import Shard, write_shard
from raicl.common.clip import Clip
from raicl.common.errors import InputError, UsageError
from raicl.common.sampling.frames import middle_index
from raicl.common.settings import SettingValue
from raicl.data.readers.flow_files import FlowFile
from raicl.preprocess.importing.arrays import Kind, complete
from raicl.preprocess.importing.files import read_flow

SCHEMA = 1  # increase it when the code changes what an imported instance holds


class Survey(NamedTuple):
    """What all files together say.

    Attributes
    ----------
    kind : what the numbers are; the same of every file.
    counts : number of instances by clip id.
    signed : whether a component of the flow is negative anywhere.
    """

    kind: Kind
    counts: dict[str, int]
    signed: bool


def measure_of(survey: Survey, unit: str | None, suffixes: set[str]) -> Measure:
    """What the numbers mean. Flow without a negative component has lost its zero [ours].

    Raises
    ------
    UsageError : px are claimed of grey levels.
    """
    if survey.kind.grey:
        if unit == "px":
            raise UsageError("--unit px of 8-bit grey levels", fix="leave --unit out")
        return Measure(unit=False, zero=False)
    # Middlebury's format says px; others do not say
    return Measure(
        unit=(unit or ("px" if suffixes == {".flo"} else "")) == "px", zero=survey.signed
    )


def making(kind: Kind, measure: Measure, channels: Sequence[str]) -> dict[str, SettingValue]:
    """What made the instances, as the index says it. Comparable caches have equal values."""
    values: dict[str, SettingValue] = {
        "flow": "imported",
        "strain": "given" if kind.strain else "computed",
        "schema": SCHEMA,
        **measure.settings,
    }
    if kind.grey:
        values["channels"] = ",".join(channels)
    return values


def store(
    clip: FlowFile,
    folder: Path,
    settings: Mapping[str, SettingValue],
    kind: Kind,
    channels: Sequence[str],
) -> ClipRecord:
    """Write the shard of a clip and describe it.

    Raises
    ------
    InputError : the file has changed since it was looked at.
    """
    read = read_flow(clip.path, channels)
    if read.kind != kind:
        raise InputError("the file has changed", where=str(clip.path), fix="start again")
    instances = complete(read.flow)
    count = len(instances)
    base = _digest({"making": dict(settings), "source": read.digest})
    numbers = list(range(1, count + 1))
    fingerprint = _digest({"base": base, "span": [0, count], "frames": numbers})
    unit = "px,px,1" if Measure.of(settings).unit else "unknown,unknown,unknown"
    shard = Shard(
        instances=instances,
        frames=np.array(numbers, np.int32),
        frame_digests=None,
        onset_face=None,
        transform=None,
        flags=(),
        fingerprint=fingerprint,
        base=base,
        units=unit,
    )
    name = f"{base[:24]}-{fingerprint[:24]}.h5"
    write_shard(folder / name, shard)
    return ClipRecord(
        clip=Clip(
            dataset=clip.dataset,
            subject=clip.subject,
            name=clip.name,
            emotion=clip.label,
            onset=0,
            offset=count,
            apex=1 if settings.get("sampling") == "apex" else None,
            labelled=clip.labelled,
            split=clip.split,
            numbered=False,
        ),
        frames=tuple(numbers),
        middle=middle_index(count + 1) - 1,
        n_frames=count + 1,
        shard=name,
        digest=shard.digest,
    )


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
