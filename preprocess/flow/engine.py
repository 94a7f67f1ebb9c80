"""READ FIRST: the engine that `--flow` names, with the parameters that `--flow-*` change.

All engines have the same signature. They take the onset (H, W) and N frames of the same shape in
float32 grey levels. They return the flow (N, 2, H, W) in float32 px, u right and v down, with
I_onset(x, y) ≈ I_n(x + u, y + v).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from raicl.common.errors import InputError
from raicl.common.provenance import installed_version
from raicl.common.settings import SettingValue
from raicl.preprocess.flow.profile import PROFILES, Profile
from raicl.preprocess.settings import PrepSettings

Floats = NDArray[np.float32]
Engine = Callable[[Floats, list[Floats], PrepSettings], Floats]


def compute_flow(onset: Floats, frames: Iterable[Floats], settings: PrepSettings) -> Floats:
    """Flow from the onset to each frame by the engine of `settings`.

    Raises
    ------
    InputError : a picture holds a NaN or an infinity, of which TV-L1 makes a flow of nothing.
    SetupError : the engine's library is missing; no other engine is used instead.
    """
    onset, frames = _finite(onset), map(_finite, frames)
    # the imports are here so that only the library of the chosen engine is loaded
    if settings.flow == "tvl1":
        from raicl.preprocess.flow.tvl1 import compute_tvl1

        return compute_tvl1(onset, frames, resolve_profile(settings))
    if settings.flow == "opencv":
        from raicl.preprocess.flow.opencv import compute_opencv

        return compute_opencv(onset, frames, resolve_profile(settings))
    from raicl.preprocess.flow.dis import compute_dis

    return compute_dis(onset, frames)


def _finite(image: Floats) -> Floats:
    if not np.isfinite(image).all():
        raise InputError("a picture to compute the flow of holds a NaN or an infinity")
    return image


def resolve_profile(settings: PrepSettings) -> Profile:
    """The profile of `settings`, with the single parameters that were given."""
    given = {
        field.name: value
        for field in dataclasses.fields(Profile)
        if (value := getattr(settings, f"flow_{field.name}")) is not None
    }
    return dataclasses.replace(PROFILES[settings.flow_profile], **given)


def describe_engine(settings: PrepSettings) -> dict[str, SettingValue]:
    """Engine, parameters and version as plain values, for the fingerprint."""
    if settings.flow == "dis":
        return {"flow": "dis"}
    values: dict[str, SettingValue] = {"flow": settings.flow}
    values |= {f"flow_{k}": v for k, v in dataclasses.asdict(resolve_profile(settings)).items()}
    if settings.flow == "tvl1":
        values["numba"] = installed_version("numba") or "absent"
    return values


def warm_up(settings: PrepSettings) -> None:
    """Solve a tiny pair, so that workers find compiled kernels on disk."""
    image = np.zeros((32, 32), np.float32)
    compute_flow(image, [image], settings)
