"""Sampling at training time: chooses rows of a cache as stage 1 would choose frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from raicl.common.cache.flows import Cache, StoredClip
from raicl.common.cache.record import ClipRecord
from raicl.common.errors import InputError
from raicl.common.sampling.sample import (
    FLAGS,
    Sample,
    SamplingSettings,
    describe_sampling,
    sample_clip,
)
from raicl.common.settings import SettingValue
from raicl.train.clips.composite import Composite, check_classes
from raicl.train.settings import TrainSettings

_FIELDS = ("sampling", *SamplingSettings.model_fields)


def resample(composite: Composite, settings: TrainSettings) -> Composite:
    """The composite with the rows that the settings train on, test, and fit the scale on.

    A clip that cannot be sampled so (it has no apex, say) is in `Composite.left_out` with the
    reason. No flow is computed, so the cache must hold every frame of the sampling.

    Raises
    ------
    InputError : a cache does not hold a clip's frames, or fewer than two classes are left.
    """
    if settings.sampling == "cache":
        return composite
    records: dict[str, StoredClip] = {}
    left_out: dict[str, str] = {}
    fitted: dict[str, tuple[int, ...]] = {}
    for clip_id, stored in composite.records.items():
        cache, record = stored
        numbers = _numbers(stored, settings)
        try:
            sample = _sample(record, numbers, settings)
        except InputError as error:
            left_out[clip_id] = str(error)
            continue
        row_of = _held(stored, numbers, sample, settings)
        if settings.scale_fit == "middle" and composite.trains(record.clip):
            middle = sample_clip(record.clip, numbers, "middle", settings).frames
            if any(numbers[index] not in row_of for index in middle):
                asked = {"scale_fit": "middle", "n_frames": settings.n_frames}
                raise _not_held(cache, record, asked)
            fitted[clip_id] = tuple(row_of[numbers[index]] for index in middle)
        records[clip_id] = StoredClip(cache, _with_rows(record, sample, numbers, row_of))
    sampled = dataclasses.replace(
        composite,
        records=records,
        labels={clip_id: composite.labels[clip_id] for clip_id in records},
        left_out=left_out,
        fitted=fitted,
    )
    check_classes(sampled)
    return sampled


def resample_clip(stored: StoredClip, settings: TrainSettings) -> ClipRecord:
    """The record of one clip with the rows that the settings train on and test.

    Parameters
    ----------
    settings : with a sampling other than `cache`.

    Raises
    ------
    InputError : the clip cannot be sampled so, or the cache does not hold its frames.
    """
    numbers = _numbers(stored, settings)
    sample = _sample(stored.record, numbers, settings)
    row_of = _held(stored, numbers, sample, settings)
    return _with_rows(stored.record, sample, numbers, row_of)


def _numbers(stored: StoredClip, settings: TrainSettings) -> tuple[int, ...]:
    """Numbers of the frames on disk, the onset first."""
    numbers = stored.record.numbers
    if numbers is None:  # frames are missing on disk, and the cache holds a part of the rest
        raise _not_held(*stored, _asked(settings))
    return numbers


def _held(
    stored: StoredClip, numbers: Sequence[int], sample: Sample, settings: TrainSettings
) -> dict[int, int]:
    """The rows of a clip by frame number, after a check that all of a sample are there."""
    row_of = {number: row for row, number in enumerate(stored.record.frames)}
    if any(numbers[index] not in row_of for index in sample.indices):
        raise _not_held(*stored, _asked(settings))
    return row_of


def _options(values: Mapping[str, object]) -> str:
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in values.items())


def _sample(record: ClipRecord, numbers: Sequence[int], settings: TrainSettings) -> Sample:
    assert settings.sampling != "cache"
    redrawn = settings.sampling == "random" and settings.redraw
    return sample_clip(record.clip, numbers, "all" if redrawn else settings.sampling, settings)


def _with_rows(
    record: ClipRecord, sample: Sample, numbers: Sequence[int], row_of: dict[int, int]
) -> ClipRecord:
    trained = {row_of[numbers[index]] for index in sample.frames}
    # stage 1's flags describe its own sampling, not this one
    others = (flag for flag in record.clip.flags if flag not in FLAGS)
    return dataclasses.replace(
        record,
        clip=dataclasses.replace(record.clip, flags=(*others, *sample.flags)),
        middle=row_of[numbers[sample.inference]],
        untrained=tuple(row for row in row_of.values() if row not in trained),
    )


def _asked(settings: TrainSettings) -> dict[str, SettingValue]:
    assert settings.sampling != "cache"
    return describe_sampling(settings.sampling, settings)


def _not_held(cache: Cache, record: ClipRecord, asked: Mapping[str, object]) -> InputError:
    held = {name: cache.settings[name] for name in _FIELDS if name in cache.settings}
    return InputError(
        f"clip {record.id}: {_options(asked)} needs frames the cache does not hold",
        where=f"{cache.path}, prepared with {_options(held) or 'an unknown sampling'}",
        fix=f"prepare every frame once, keeping what is there: raicl-prep {record.clip.dataset} "
        f"--sampling all --out {cache.path} --overwrite",
    )
