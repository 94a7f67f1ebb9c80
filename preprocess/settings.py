"""Settings of stage 1. `fingerprint.making` names those that are in a shard's fingerprint."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from raicl.common.sampling.frames import SamplingName
from raicl.common.sampling.sample import SamplingSettings
from raicl.common.settings import setting

_SAMPLING, _METHOD, _FLOW = "Sampling", "Method", "Flow"


class PrepSettings(SamplingSettings):
    """Settings of stage 1; the defaults are the paper's, or OpenCV's where the paper is silent."""

    sampling: SamplingName = setting(
        "middle",
        "Which frames become instances. From all, any other sampling can be taken when training.",
        panel=_SAMPLING,
    )
    short: Literal["use", "skip", "error"] = setting(
        "use",
        "If a clip has fewer frames than the sampling wants: use them, skip the clip, or fail it.",
        panel=_SAMPLING,
    )
    onset_error: int = setting(
        0,
        "Move every annotated onset by this many frames (negative is earlier), to measure the "
        "effect of annotation errors. A clip without these frames on disk fails.",
        panel=_SAMPLING,
    )
    offset_error: int = setting(0, "The same for the offset.", panel=_SAMPLING)
    size: int = setting(225, "Side of the instances, px.", panel=_METHOD, ge=32, le=1024)
    margin: int = setting(
        8, "Extra px around the crop, trimmed before strain.", panel=_METHOD, ge=0, le=64
    )
    align: Literal["dlib", "none"] = setting(
        "dlib", "dlib, or none if the frames are already registered crops.", panel=_METHOD
    )
    landmarks: str = setting(
        "dlib68",
        "dlib68 (model for non-commercial use), dlib5 (free), or a predictor FILE.",
        panel=_METHOD,
    )
    match_light: bool = setting(
        True, "Scale each frame to the onset's mean brightness.", panel=_METHOD
    )
    head_motion: Literal["keep", "remove"] = setting(
        "keep",
        "keep it, or remove the similarity by which nose bridge and eye corners move.",
        panel=_METHOD,
    )
    flow: Literal["tvl1", "opencv", "dis"] = setting(
        "tvl1", "tvl1 (raicl's own), opencv (OpenCV's TV-L1, the reference) or dis (a quick look).",
        panel=_FLOW,
    )  # fmt: skip
    flow_profile: Literal["exact", "fast"] = setting(
        "exact",
        "TV-L1: exact has OpenCV's parameters, fast has fewer scales and warps.",
        panel=_FLOW,
    )
    # below, None means the profile's value
    flow_time_step: float | None = setting(None, "TV-L1: τ.", panel=_FLOW, gt=0, le=0.25)
    flow_attachment: float | None = setting(None, "TV-L1: λ, the data term.", panel=_FLOW, gt=0)
    flow_coupling: float | None = setting(None, "TV-L1: θ.", panel=_FLOW, gt=0)
    flow_scales: int | None = setting(None, "TV-L1: levels.", panel=_FLOW, ge=1, le=20)
    flow_scale_step: float | None = setting(
        None, "TV-L1: ratio between levels.", panel=_FLOW, gt=0.1, lt=1
    )
    flow_warps: int | None = setting(None, "TV-L1: warps per level.", panel=_FLOW, ge=1, le=100)
    flow_epsilon: float | None = setting(None, "TV-L1: stopping threshold.", panel=_FLOW, gt=0)
    flow_inner: int | None = setting(None, "TV-L1: sweeps per round.", panel=_FLOW, ge=1, le=10_000)
    flow_outer: int | None = setting(None, "TV-L1: rounds per warp.", panel=_FLOW, ge=1, le=1_000)
    flow_median: Literal[1, 5] | None = setting(
        None, "TV-L1: side of the median, px; 1 means no median.", panel=_FLOW
    )
    flow_blur: float | None = setting(
        None, "TV-L1: sigma of a blur before the flow, px.", panel=_FLOW, ge=0, le=5
    )

    @model_validator(mode="after")
    def _check_sampling(self) -> Self:
        self._refuse_idle_window(self.sampling)
        return self

    @model_validator(mode="after")
    def _check_landmarks(self) -> Self:
        if self.head_motion == "remove" and self.align == "none":
            raise ValueError("head_motion = remove needs landmarks, and align = none finds none")
        return self
