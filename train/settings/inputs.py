"""Settings of the network's input: which clips and frames, and how they are paired and scaled."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from raicl.common.sampling.frames import SamplingName
from raicl.common.sampling.sample import SamplingSettings
from raicl.common.settings import setting
from raicl.train.settings.networks import LEAST

PairingName = Literal["permute", "iid", "strong-teacher", "symmetric"]
ScaleName = Literal[
    "train-std", "none", "const", "sample-std", "sample-maxabs", "sample-zscore", "minmax255"
]
# scales that give the same inputs whatever value was rest
MOVES_ZERO: tuple[ScaleName, ...] = ("sample-zscore", "minmax255")
FlipName = Literal["physical", "tensor"]
ControlName = Literal["none", "shuffle-labels"]

_EXPERIMENT, _SAMPLING, _INPUTS = "Experiment", "Sampling", "Inputs"


class InputSettings(SamplingSettings):
    """The part of `TrainSettings` that determines the network's input."""

    protocol: str = setting(
        "cde",
        "Classes: cde (negative, positive, surprise), five, three, four, seven, or a .toml file.",
        panel=_EXPERIMENT,
    )
    seed: int = setting(
        0, "Base seed; fold k uses seed + k.", panel=_EXPERIMENT, ge=0, le=2**32 - 1
    )
    epochs: int = setting(100, "Epochs; the last one is tested.", panel=_EXPERIMENT, ge=1)
    leave: Literal["subject", "database"] = setting(
        "subject", "What each fold leaves out: a subject, or a whole database.", panel=_EXPERIMENT
    )
    control: ControlName = setting(
        "none", "shuffle-labels permutes the labels between clips, by seed.", panel=_EXPERIMENT
    )

    sampling: Literal["cache", SamplingName] = setting(
        "cache",
        "Frames to train on: those the cache was prepared for, or another choice among its frames.",
        panel=_SAMPLING,
    )
    redraw: bool = setting(
        True, "Draw random frames anew each epoch; otherwise once per clip.", panel=_SAMPLING
    )

    pairs: int = setting(16, "Pairs per clip and epoch.", panel=_INPUTS, ge=1, le=4096)
    pairing: PairingName = setting(
        "permute",
        "permute (each instance once online, with another one), iid, strong-teacher (the target "
        "moves more), or symmetric (both ways, twice the cost).",
        panel=_INPUTS,
    )
    size: int = setting(
        225,
        "Side of the network's input, px; 32 k + 1 (k times the stride, plus 1) keeps maps "
        "mirror-symmetric. IRC and MRD need a map of 2 x 2 cells: 33 px of 4 stages, 17 of 3.",
        panel=_INPUTS,
        ge=LEAST,
        le=1024,
    )
    scale: ScaleName = setting(
        "train-std",
        "Divide inputs by the training clips' standard deviations (train-std), by 2 px and 0.2 "
        "(const), by each instance's own standard deviations (sample-std) or by its largest "
        "magnitude (sample-maxabs); give each channel mean 0 and deviation 1 (sample-zscore); "
        "leave them (none), or make them grey levels (minmax255).",
        panel=_INPUTS,
    )
    scale_clip: float = setting(
        10.0,
        "train-std, sample-std, sample-zscore: inputs are clipped at this many deviations.",
        panel=_INPUTS,
        gt=0,
    )
    scale_fit: Literal["trained", "middle"] = setting(
        "trained",
        "train-std: fit on the training clips' trained instances, or on those of their middle "
        "n_frames, so that runs with other samplings scale alike. The cache must hold them.",
        panel=_INPUTS,
        later=True,
    )
    flip: FlipName = setting(
        "physical", "Mirroring of the target: physical also negates u.", panel=_INPUTS
    )
    mirror: float = setting(
        0.0,
        "Probability of mirroring a pair, both alike, as `flip` says.",
        panel=_INPUTS,
        ge=0,
        le=1,
        later=True,
    )
    erasing: float = setting(
        0.0, "Probability of erasing a part of the online instance.", panel=_INPUTS, ge=0, le=1
    )
    shift: int = setting(
        0, "Largest random shift of a pair, the same for both, px.", panel=_INPUTS, ge=0, le=32
    )

    @model_validator(mode="after")
    def _check_sampling(self) -> Self:
        defaults = SamplingSettings().model_dump()
        asked = [name for name, value in defaults.items() if getattr(self, name) != value]
        if self.sampling == "cache" and asked:
            raise ValueError(f"{asked[0]} needs a sampling: the cache's frames are already chosen")
        self._refuse_idle_window(self.sampling)
        if not self.redraw and self.sampling != "random":
            raise ValueError(f"no-redraw needs sampling random, not {self.sampling}")
        return self

    @model_validator(mode="after")
    def _check_scale(self) -> Self:
        if self.scale_fit == "middle" and self.sampling == "cache":
            raise ValueError("scale_fit needs a sampling: the cache's frames are already chosen")
        if self.scale_fit == "middle" and self.scale != "train-std":
            raise ValueError(f"scale_fit is for scale train-std, and {self.scale} fits nothing")
        return self
