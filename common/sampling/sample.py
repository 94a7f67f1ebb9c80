"""Sample: the frames of one clip that are trained on, and the one that inference uses.

Both stages use this module: stage 1 on the frames on disk, stage 2 on the frames in a cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import field_validator

from raicl.common.clip import Clip
from raicl.common.errors import InputError
from raicl.common.sampling.frame_rate import nearest, slow_down
from raicl.common.sampling.frames import (
    HALFWAY,
    SamplingName,
    central_frame,
    choose_frames,
    falls_back,
    looks_at_apex,
    middle_index,
    needs_apex,
)
from raicl.common.sampling.window import Window
from raicl.common.settings import Settings, SettingValue, setting

if TYPE_CHECKING:
    import numpy as np

SHORT = "short-clip"  # fewer frames than the sampling wants
STAND_IN = "apex-stand-in"  # the middle frame stands in for the apex
FALLBACK = "phase-fallback"  # the phase has fewer than two frames
FLAGS = (SHORT, STAND_IN, FALLBACK)


class SamplingSettings(Settings):
    """Settings common to both stages. Each stage adds the sampling, with its own default."""

    n_frames: int = setting(16, "Instances per clip, N.", panel="Sampling", ge=1, le=4096)
    window: str | None = setting(
        None,
        "Width of the middle: frames:W, seconds:S or fraction:P of the clip. N evenly spaced "
        "frames are taken from it. none means frames:N.",
        panel="Sampling",
    )
    middle_at: float = setting(
        HALFWAY,
        "Where in the clip the middle lies, from 0 (onset) to 1 (offset). The tested frame moves "
        "with it, whatever the sampling.",
        panel="Sampling",
        ge=0,
        le=1,
    )
    tested_frame: Literal["clip", "trained"] = setting(
        "clip",
        "Which frame is tested: the middle of the clip, or of the frames that are trained on.",
        panel="Sampling",
        later=True,
    )
    frame_rate: float | None = setting(
        None,
        "Keep the frames that a camera with this frame rate would have taken; none keeps all.",
        panel="Sampling",
        gt=0,
    )
    sampling_seed: int = setting(
        0, "Seed of a clip's fixed random draw, used with the clip's id.", panel="Sampling", ge=0
    )

    @field_validator("window")
    @classmethod
    def _check_window(cls, value: str | None) -> str | None:
        return None if value is None else str(Window.parse(value))

    def _refuse_idle_window(self, sampling: str) -> None:
        if self.window is not None and sampling != "middle":
            raise ValueError(f"window says what sampling middle means, not {sampling}")
        if self.middle_at != HALFWAY and sampling == "apex":
            raise ValueError("middle_at moves the middle frame, and sampling apex tests the apex")
        if self.tested_frame != "clip" and sampling == "apex":
            raise ValueError("tested_frame chooses a middle, and sampling apex tests the apex")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a sampling takes from one clip. Indices count from 0 at the onset.

    Attributes
    ----------
    frames : indices of the frames to train on, ascending.
    inference : index of the tested frame: the middle of the clip, or of `frames` if `tested_frame`
        says so. If the sampling is `apex`, the apex (docs/method.md 4).
    wanted : number of frames that the sampling would take from a long clip.
    candidates : number of frames that it could choose from.
    flags : what was unusual, from `FLAGS`.
    """

    frames: tuple[int, ...]
    inference: int
    wanted: int
    candidates: int
    flags: tuple[str, ...] = ()

    @property
    def indices(self) -> tuple[int, ...]:
        """Every frame that needs an instance, ascending."""
        return tuple(sorted({*self.frames, self.inference}))


def sample_clip(
    clip: Clip, numbers: Sequence[int], sampling: SamplingName, settings: SamplingSettings
) -> Sample:
    """Sample one clip.

    Parameters
    ----------
    numbers : annotation numbers of its T frames on disk, ascending, the onset first.

    Raises
    ------
    InputError : the sampling needs an apex or a frame rate, and the clip has no usable one.
    """
    kept = _kept(clip, numbers, settings.frame_rate)
    n_frames, n = len(kept), settings.n_frames
    middle = middle_index(n_frames, settings.middle_at)
    apex, problem = find_apex(clip, numbers)
    flags: tuple[str, ...] = ()
    if apex is not None:  # [ours] at a lower frame rate, the kept frame nearest to the apex
        apex = 1 + nearest(kept[1:], apex)
    elif needs_apex(sampling):
        raise InputError(
            f"sampling {sampling} needs an apex, and {problem}",
            fix="annotate it, or choose a sampling in which the middle may stand in for it",
        )
    elif looks_at_apex(sampling):
        apex, flags = middle, (STAND_IN,)
    width = _width(clip, n_frames, sampling, settings)
    wanted = 1 if sampling == "apex" else min(n, width)
    if n_frames - 1 < wanted:
        flags += (SHORT,)
    if apex is not None and falls_back(sampling, n_frames, apex):
        flags += (FALLBACK,)
    rng = clip_generator(clip.id, settings.sampling_seed) if sampling == "random" else None
    frames = choose_frames(
        sampling, n_frames, n=n, apex=apex, width=width, at=settings.middle_at, rng=rng
    )
    if not frames:
        raise InputError(f"sampling {sampling} finds no frame besides the onset and the apex")
    own = sampling == "apex" or settings.tested_frame == "trained"
    return Sample(
        frames=tuple(kept[index] for index in frames),
        inference=kept[central_frame(frames, middle) if own else middle],
        wanted=wanted,
        candidates=n_frames - 1,
        flags=flags,
    )


def _kept(clip: Clip, numbers: Sequence[int], rate: float | None) -> Sequence[int]:
    """Indices of all frames, or of those that a slower camera would have taken."""
    return range(len(numbers)) if rate is None else slow_down(numbers, clip.fps, rate)


def _width(clip: Clip, n_frames: int, sampling: SamplingName, settings: SamplingSettings) -> int:
    if sampling != "middle" or settings.window is None:
        return settings.n_frames
    return Window.parse(settings.window).width(n_frames, settings.frame_rate or clip.fps)


def find_apex(clip: Clip, numbers: Sequence[int]) -> tuple[int | None, str]:
    """Index of the annotated apex in `numbers`, or None and the reason why there is none to use.

    An apex on the onset is as implausible as one outside the clip, because nothing has moved yet.
    """
    if clip.apex is None and not clip.numbered:
        return None, "nobody says which instance shows it"
    if clip.apex is None:
        implausible = "apex-implausible" in clip.flags
        return None, "the annotated one is implausible" if implausible else "none is annotated"
    if clip.apex == numbers[0]:
        return None, "the annotated one is the onset"
    if not clip.onset < clip.apex <= clip.offset:  # possible if the onset or offset was moved
        return None, f"the annotated one, frame {clip.apex}, is not between onset and offset"
    if clip.apex not in numbers:
        return None, f"the annotated one, frame {clip.apex}, is not on disk"
    return numbers.index(clip.apex), ""


def clip_generator(clip_id: str, seed: int) -> np.random.Generator:
    """Random generator of one clip, which does not depend on other clips or their order."""
    import numpy as np

    digest = hashlib.sha256(clip_id.encode(errors="surrogateescape")).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])


def describe_sampling(
    sampling: SamplingName, settings: SamplingSettings
) -> dict[str, SettingValue]:
    """The settings that have an effect, as an index records them."""
    values: dict[str, SettingValue] = {"sampling": sampling, "n_frames": settings.n_frames}
    if settings.window is not None:
        values["window"] = settings.window
    if settings.middle_at != HALFWAY:
        values["middle_at"] = settings.middle_at
    if settings.tested_frame != "clip":
        values["tested_frame"] = settings.tested_frame
    if settings.frame_rate is not None:
        values["frame_rate"] = settings.frame_rate
    if sampling == "random":
        values["sampling_seed"] = settings.sampling_seed
    return values
