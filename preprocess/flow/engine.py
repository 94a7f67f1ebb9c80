"""READ FIRST: the engine that `--flow` names, with the parameters that `--flow-*` change.

Every engine has one signature: onset (H, W) and frames (N of the same shape), float32 grey levels,
to flow (N, 2, H, W) float32 px, u right and v down, I_onset(x, y) ≈ I_n(x + u, y + v).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

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
    SetupError : the engine's library is missing; no other engine takes its place.
    """
    # each engine loads its own library, and nobody pays for the others
    if settings.flow == "tvl1":
        from raicl.preprocess.flow.tvl1 import compute_tvl1

        return compute_tvl1(onset, frames, resolve_profile(settings))
    if settings.flow == "opencv":
        from raicl.preprocess.flow.opencv import compute_opencv

        return compute_opencv(onset, frames, resolve_profile(settings))
    from raicl.preprocess.flow.dis import compute_dis

    return compute_dis(onset, frames)


def resolve_profile(settings: PrepSettings) -> Profile:
    """The profile of `settings` with the parameters that were given one by one."""
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
    """Solve a tiny pair, so that workers find compiled kernels on disk instead of compiling."""
    image = np.zeros((32, 32), np.float32)
    compute_flow(image, [image], settings)
