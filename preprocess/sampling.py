"""Sampling of a database: choose each clip's frames, and treat short clips as the settings say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypedDict

from raicl.common.errors import InputError
from raicl.common.sampling.sample import SHORT, Sample, describe_sampling, sample_clip
from raicl.common.settings import SettingValue
from raicl.common.terminal.wording import counted
from raicl.data.records import Footage
from raicl.preprocess.settings import PrepSettings


class ShortClip(InputError):
    """A clip has fewer frames than the sampling wants, and the settings do not use such clips."""


def sample_footage(footage: Footage, settings: PrepSettings) -> Sample:
    """Sample one clip under the settings.

    Raises
    ------
    InputError : the sampling needs an apex or a frame rate and the clip has none, or the clip has
        a `Footage.problem`.
    ShortClip : the clip is short, and ``--short`` is not ``use``.
    """
    if footage.problem:
        raise InputError(footage.problem)
    numbers = [frame.number for frame in footage.frames]
    sample = sample_clip(footage.clip, numbers, settings.sampling, settings)
    if SHORT in sample.flags and settings.short != "use":
        raise ShortClip(
            f"short: {sample.candidates} frames after the onset, the sampling wants {sample.wanted}"
        )
    return sample


def describe_errors(settings: PrepSettings) -> dict[str, int]:
    """The requested annotation errors by setting, without those that are 0."""
    errors = {"onset_error": settings.onset_error, "offset_error": settings.offset_error}
    return {name: frames for name, frames in errors.items() if frames}


class Outlook(TypedDict):
    """What a sampling would take from a database. `instances` includes those for inference."""

    settings: dict[str, SettingValue]
    clips: int
    instances: int
    flags: dict[str, int]
    skipped: list[dict[str, str]]
    unusable: list[dict[str, str]]


def foresee(footage: Sequence[Footage], settings: PrepSettings) -> Outlook:
    """Sample every clip without reading a frame."""
    flags: Counter[str] = Counter()
    instances = 0
    skipped: list[dict[str, str]] = []
    unusable: list[dict[str, str]] = []
    for item in footage:
        try:
            sample = sample_footage(item, settings)
        except InputError as error:
            row = {"id": item.clip.id, "reason": str(error)}
            (skipped if is_skipped(error, settings) else unusable).append(row)
            continue
        flags.update(sample.flags)
        instances += len(sample.indices)
    return {
        "settings": describe_sampling(settings.sampling, settings)
        | {"short": settings.short}
        | describe_errors(settings),
        "clips": len(footage) - len(skipped) - len(unusable),
        "instances": instances,
        "flags": dict(sorted(flags.items())),
        "skipped": skipped,
        "unusable": unusable,
    }


def is_skipped(error: InputError, settings: PrepSettings) -> bool:
    """Whether the clip is left out on request, and has not failed."""
    return isinstance(error, ShortClip) and settings.short == "skip"


def outlook_table(found: Outlook) -> str:
    """An outlook as text, in the format of the audit's table."""
    left_out = {"skipped": found["skipped"], "unusable": found["unusable"]}
    counts = [f"{n} {flag}" for flag, n in found["flags"].items()]
    counts += [f"{len(rows)} {name}" for name, rows in left_out.items() if rows]
    shown = ", ".join(f"{key} {value}" for key, value in found["settings"].items())
    lines = [
        f"  {shown}",
        f"  sampled   {counted(found['clips'], 'clip')}, {counted(found['instances'], 'instance')}"
        + (f": {', '.join(counts)}" if counts else ""),
    ]
    for name, rows in left_out.items():
        width = max((len(row["id"]) for row in rows), default=0)
        lines += [f"  {name:9} {row['id']:{width}}  {row['reason']}" for row in rows]
    return "\n".join(lines)
