"""Comparable: whether instances were made as those that a model learnt from, and which are tested.

What makes an instance another quantity is refused. Versions of libraries are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raicl.common.cache.flows import Cache, StoredClip
from raicl.common.cache.record import ClipRecord
from raicl.common.errors import InputError
from raicl.common.predicted import PredictedFlag
from raicl.common.sampling.sample import SamplingSettings
from raicl.common.settings import SettingValue
from raicl.train.clips.resample import resample_clip
from raicl.train.use.model import Model

_WHICH_FRAMES = {"sampling", *SamplingSettings.model_fields}
_WHICH_CLIPS = {"short", "onset_error", "offset_error"}
# libraries and the detectors: they move landmarks or flow by less than the people differ
_VERSIONS = {"opencv", "dlib", "numba", "detectors"}
# what decides which frame is tested, if one is
_TESTED = ("middle_at", "tested_frame", "frame_rate")


def refuse_other_instances(cache: Cache, model: Model) -> None:
    """Refuse a cache whose instances are not what the model takes.

    Raises
    ------
    InputError : they have another size, or were made otherwise.
    """
    if cache.size != model.crop:
        raise InputError(
            f"the cache has instances of {cache.size} px, the model takes {model.crop} px",
            where=str(cache.path),
            fix=f"prepare the clips again with raicl-prep --size {model.crop}",
        )
    ignored = _WHICH_FRAMES | _WHICH_CLIPS | _VERSIONS
    differing = _differing(cache.settings, model.preparation, ignored)
    if differing:
        raise InputError(
            f"the cache was prepared otherwise than the model's ({_shown(differing)})",
            where=str(cache.path),
            fix="prepare the clips again with raicl-prep and the settings of the model's caches",
        )


def version_flags(cache: Cache, model: Model) -> list[PredictedFlag]:
    """The flag of a cache that other versions of the libraries have made."""
    known = _WHICH_FRAMES | _WHICH_CLIPS
    differing = _differing(cache.settings, model.preparation, known)
    if not differing:
        return []
    said = f"Stage 1 had other versions than the model's ({_shown(differing)})."
    return [PredictedFlag(name="versions-differ", sentence=said)]


def sampled_as_trained(stored: StoredClip, model: Model) -> ClipRecord:
    """The record of a clip with the rows that the model tests.

    Raises
    ------
    InputError : the cache does not hold the frames, or the clip lacks what its sampling needs.
    """
    held, asked = _sampling(stored.cache.settings), _asked(model)
    if asked is None or held == asked or (_tests_one(model) and _tested(held) == _tested(asked)):
        return stored.record
    settings = model.settings.model_copy(update=asked)
    return resample_clip(stored, settings)


def _differing(
    ours: Mapping[str, SettingValue], theirs: Mapping[str, SettingValue] | None, ignored: set[str]
) -> dict[str, tuple[SettingValue, SettingValue]]:
    if theirs is None:
        return {}
    names = sorted((ours.keys() | theirs.keys()) - ignored)
    pairs = {name: (ours.get(name), theirs.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _shown(differing: Mapping[str, tuple[SettingValue, SettingValue]]) -> str:
    return "; ".join(
        f"{name}: {ours!r} and {theirs!r}" for name, (ours, theirs) in differing.items()
    )


def _asked(model: Model) -> dict[str, Any] | None:
    """The sampling that the model was trained with. None if it is not known."""
    if model.settings.sampling != "cache":
        return {name: getattr(model.settings, name) for name in sorted(_WHICH_FRAMES)}
    return None if model.preparation is None else _sampling(model.preparation)


def _sampling(settings: Mapping[str, SettingValue]) -> dict[str, Any] | None:
    """The sampling of a cache, with the defaults that its settings leave out. None if not said."""
    if "sampling" not in settings:
        return None
    defaults = {name: field.default for name, field in SamplingSettings.model_fields.items()}
    return {name: settings.get(name, defaults.get(name)) for name in sorted(_WHICH_FRAMES)}


def _tests_one(model: Model) -> bool:
    return model.settings.infer == "middle"


def _tested(sampling: Mapping[str, Any] | None) -> object:
    """What of a sampling decides on the tested frame."""
    if sampling is None:
        return None
    own = sampling["sampling"] == "apex" or sampling["tested_frame"] == "trained"
    return sampling if own else [sampling[name] for name in _TESTED]
