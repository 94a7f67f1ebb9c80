"""What determines an instance: every setting here is part of a shard's fingerprint."""

from __future__ import annotations

from typing import Literal

from raicl.common.settings import Settings, setting


class PrepSettings(Settings):
    """Settings of stage 1; the defaults are the paper's, or OpenCV's where the paper is silent."""

    n_frames: int = setting(
        16, "Instances per clip: the middle N frames.", panel="Method", ge=1, le=4096
    )
    size: int = setting(225, "Side of the instances, px.", panel="Method", ge=32, le=1024)
    margin: int = setting(
        8, "Extra px around the crop, trimmed before strain.", panel="Method", ge=0, le=64
    )
    align: Literal["dlib", "none"] = setting(
        "dlib", "dlib, or none for crops that are registered already.", panel="Method"
    )
    landmarks: str = setting(
        "dlib68",
        "dlib68 (model for non-commercial use), dlib5 (free), or a predictor FILE.",
        panel="Method",
    )
    flow_tau: float = setting(0.25, "TV-L1: time step.", panel="Flow", gt=0, le=0.25)
    flow_lambda: float = setting(0.15, "TV-L1: weight of the data term.", panel="Flow", gt=0)
    flow_theta: float = setting(0.3, "TV-L1: tightness of the coupling.", panel="Flow", gt=0)
    flow_scales: int = setting(5, "TV-L1: levels of the pyramid.", panel="Flow", ge=1, le=20)
    flow_warps: int = setting(5, "TV-L1: warps per level.", panel="Flow", ge=1, le=100)
    flow_epsilon: float = setting(0.01, "TV-L1: stopping threshold.", panel="Flow", gt=0)
    flow_inner: int = setting(30, "TV-L1: inner iterations.", panel="Flow", ge=1, le=10_000)
    flow_outer: int = setting(10, "TV-L1: outer iterations.", panel="Flow", ge=1, le=1_000)
    flow_scale_step: float = setting(
        0.8, "TV-L1: ratio between levels.", panel="Flow", gt=0.1, lt=1
    )
    flow_median: Literal[1, 3, 5] = setting(5, "TV-L1: side of the median, px.", panel="Flow")
