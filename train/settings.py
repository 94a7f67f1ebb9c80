"""Everything that determines a trained network: the defaults are the preset ``paper``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import model_validator

from raicl.common.errors import UsageError
from raicl.common.sample import SamplingSettings
from raicl.common.sampling import SamplingName
from raicl.common.settings import read_toml, setting

PRESETS = ("paper", "tiny")

_EXPERIMENT, _SAMPLING, _OPTIMISER = "Experiment", "Sampling", "Optimiser"
_NETWORK, _METHOD, _REGIONS = "Network", "Method: IRC and MRD", "Method: regions of MRD"
_COMPUTE = "Compute"


class TrainSettings(SamplingSettings):
    """Settings of stage 2. Where the paper is silent the sentence or the code says [ours].

    Those of the panel Compute say where and how fast, not what is computed.
    """

    protocol: str = setting(
        "cde",
        "Classes: cde (negative, positive, surprise), five, three, four, seven, or a .toml file.",
        panel=_EXPERIMENT,
    )
    seed: int = setting(0, "Base seed; fold k uses seed + k.", panel=_EXPERIMENT, ge=0)
    epochs: int = setting(100, "Epochs; the last one is tested.", panel=_EXPERIMENT, ge=1)
    pairs: int = setting(16, "Pairs per clip and epoch.", panel=_EXPERIMENT, ge=1, le=4096)
    sampling: Literal["cache", SamplingName] = setting(
        "cache",
        "Frames trained on: cache takes what was prepared; the others choose among its frames.",
        panel=_SAMPLING,
    )
    redraw: bool = setting(
        True, "Draw random frames anew each epoch; else once per clip.", panel=_SAMPLING
    )
    size: int = setting(
        225,
        "Side of the network's input, px; 32k+1 keeps maps mirror-symmetric (16k+1 at stride 1).",
        panel=_EXPERIMENT,
        ge=33,
        le=1024,
    )
    scale_clip: float = setting(
        10.0, "Inputs are clipped at this many standard deviations.", panel=_EXPERIMENT, gt=0
    )

    batch_size: int = setting(128, "Pairs per step.", panel=_OPTIMISER, ge=2)
    lr: float = setting(1e-3, "Learning rate of Adam.", panel=_OPTIMISER, gt=0)
    weight_decay: float = setting(1e-4, "L2 penalty, coupled.", panel=_OPTIMISER, ge=0)
    gamma: float = setting(
        0.9, "Factor on the learning rate per epoch.", panel=_OPTIMISER, gt=0, le=1
    )

    width: int = setting(64, "Channels of ResNet18's first stage.", panel=_NETWORK, ge=4, le=256)
    last_stride: Literal[1, 2] = setting(
        2, "Stride of ResNet18's last stage; 1 doubles the map.", panel=_NETWORK
    )

    irc: bool = setting(True, "Instance consistency: L_acl.", panel=_METHOD)
    mrd: bool = setting(True, "Multi-region discovery: L_align + L_c.", panel=_METHOD)
    lambda_cls: float = setting(0.5, "Weight of L_cls.", panel=_METHOD, ge=0)
    lambda_acl: float = setting(0.5, "Weight of L_acl.", panel=_METHOD, ge=0)
    lambda_mrd: float = setting(0.5, "Weight of L_align + L_c.", panel=_METHOD, ge=0)
    momentum: float = setting(
        0.99, "Share of the target that a step keeps (τ).", panel=_METHOD, ge=0, le=1
    )

    queries: int = setting(8, "Learnable facial queries.", panel=_REGIONS, ge=1, le=64)
    dim: int = setting(256, "Channels of queries and regions.", panel=_REGIONS, ge=4, le=2048)
    decoder_layers: int = setting(2, "Layers of the decoder.", panel=_REGIONS, ge=1, le=12)
    decoder_heads: int = setting(8, "Attention heads of the decoder.", panel=_REGIONS, ge=1)
    decoder_hidden: int = setting(
        256, "Hidden units of the decoder's feed-forward part.", panel=_REGIONS, ge=1
    )
    dropout: float = setting(
        0.1, "Dropout in the online decoder; the target has none.", panel=_REGIONS, ge=0, lt=1
    )
    dense_hidden: int = setting(
        512, "Hidden channels of the dense projection.", panel=_REGIONS, ge=1
    )
    projector_hidden: int = setting(
        512, "Hidden units of the projector H and of the predictor.", panel=_REGIONS, ge=1
    )
    predictor: bool = setting(True, "Predictor on the online regions (BYOL).", panel=_REGIONS)
    temperature_online: float = setting(
        0.1, "Temperature of the online assignment.", panel=_REGIONS, gt=0
    )
    temperature_target: float = setting(
        0.04, "Temperature of the target's assignment.", panel=_REGIONS, gt=0
    )

    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.", panel=_COMPUTE)
    instances: Literal["auto", "device", "stream"] = setting(
        "auto",
        "Where instances live: on the device, streamed from the shards, or as memory allows.",
        panel=_COMPUTE,
    )
    threads: int | None = setting(
        None, "CPU threads; none leaves torch's choice.", panel=_COMPUTE, ge=1
    )
    deterministic: bool = setting(
        True, "Refuse GPU operations that differ between runs.", panel=_COMPUTE
    )

    @model_validator(mode="after")
    def _check_sampling(self) -> Self:
        defaults = SamplingSettings().model_dump()
        asked = [name for name, value in defaults.items() if getattr(self, name) != value]
        if self.sampling == "cache" and asked:
            raise ValueError(f"{asked[0]} needs a sampling: those of the cache are chosen already")
        self._refuse_idle_window(self.sampling)
        if not self.redraw and self.sampling != "random":
            raise ValueError(f"no-redraw fixes sampling random, not {self.sampling}")
        return self

    @model_validator(mode="after")
    def _check_dim(self) -> Self:
        if self.dim % 4:
            raise ValueError("dim must be a multiple of 4: sine and cosine of two coordinates")
        if self.dim % self.decoder_heads:
            raise ValueError("dim must be a multiple of decoder_heads")
        return self


def load_preset(name: str) -> dict[str, Any]:
    """The keys of a preset that differ from the defaults.

    Raises
    ------
    UsageError : no such preset.
    """
    if name not in PRESETS:
        raise UsageError(f"no such preset: {name}", fix=f"choose one of {', '.join(PRESETS)}")
    return read_toml(Path(__file__).parent / "presets" / f"{name}.toml")
