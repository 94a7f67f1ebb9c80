"""Settings of what the network is fed: which clips and frames, paired and scaled how."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from raicl.common.sample import SamplingSettings
from raicl.common.sampling import SamplingName
from raicl.common.settings import setting

_EXPERIMENT, _SAMPLING, _INPUTS = "Experiment", "Sampling", "Inputs"


class InputSettings(SamplingSettings):
    """The part of `TrainSettings` up to the pair of tensors."""

    protocol: str = setting(
        "cde",
        "Classes: cde (negative, positive, surprise), five, three, four, seven, or a .toml file.",
        panel=_EXPERIMENT,
    )
    seed: int = setting(0, "Base seed; fold k uses seed + k.", panel=_EXPERIMENT, ge=0)
    epochs: int = setting(100, "Epochs; the last one is tested.", panel=_EXPERIMENT, ge=1)

    sampling: Literal["cache", SamplingName] = setting(
        "cache",
        "Frames trained on: cache takes what was prepared; the others choose among its frames.",
        panel=_SAMPLING,
    )
    redraw: bool = setting(
        True, "Draw random frames anew each epoch; else once per clip.", panel=_SAMPLING
    )

    pairs: int = setting(16, "Pairs per clip and epoch.", panel=_INPUTS, ge=1, le=4096)
    size: int = setting(
        225,
        "Side of the network's input, px; 32k+1 keeps maps mirror-symmetric (16k+1 at stride 1).",
        panel=_INPUTS,
        ge=33,
        le=1024,
    )
    scale_clip: float = setting(
        10.0, "Inputs are clipped at this many standard deviations.", panel=_INPUTS, gt=0
    )
    flip: Literal["physical", "tensor"] = setting(
        "physical", "Mirroring of the target: physical also negates u.", panel=_INPUTS
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
