"""Sample: the frames of one clip that are trained on, and the one that inference uses.

Both stages sample by this: stage 1 the frames on disk, stage 2 those that a cache holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import field_validator

from raicl.common.clip import Clip
from raicl.common.errors import InputError
from raicl.common.sampling.frame_rate import nearest, slow_down
from raicl.common.sampling.frames import (
    HALFWAY,
    SamplingName,
    choose_frames,
    falls_back,
    middle_index,
    needs_apex,
)
from raicl.common.sampling.window import Window
from raicl.common.settings import Settings, SettingValue, setting

if TYPE_CHECKING:
    import numpy as np

SHORT = "short-clip"  # fewer frames than the sampling wants
STAND_IN = "apex-stand-in"  # the middle frame in the apex's place
FALLBACK = "phase-fallback"  # a phase of fewer than two frames
FLAGS = (SHORT, STAND_IN, FALLBACK)


class SamplingSettings(Settings):
    """What the stages ask for alike; which sampling, each declares with its own default."""

    n_frames: int = setting(16, "Instances per clip, N.", panel="Sampling", ge=1, le=4096)
    window: str | None = setting(
        None,
        "What middle means: frames:W, seconds:S or fraction:P of the clip, from which N are taken "
        "evenly spaced; none is frames:N.",
        panel="Sampling",
    )
    middle_at: float = setting(
        HALFWAY,
        "Where in the clip the middle lies, from 0 (onset) to 1 (offset); the frame that is tested "
        "moves with it, whatever is trained on.",
        panel="Sampling",
        ge=0,
        le=1,
    )
    frame_rate: float | None = setting(
        None,
        "Take the clip as a camera of so many frames per second would have; none is its own.",
        panel="Sampling",
        gt=0,
    )
    sampling_seed: int = setting(
        0, "Seed of a clip's fixed random draw; its id is the other part.", panel="Sampling", ge=0
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


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a sampling takes of one clip; indices from 0 at the onset.

    Attributes
    ----------
    frames : trained on, ascending.
    inference : the middle frame, whatever the sampling; that of `apex` is the apex (method 4).
    wanted : frames the sampling would take of a long clip; candidates : those it chose among.
    flags : what was unusual, of `FLAGS`.
    """

    frames: tuple[int, ...]
    inference: int
    wanted: int
    candidates: int
    flags: tuple[str, ...] = ()

    @property
    def indices(self) -> tuple[int, ...]:
        """Every frame an instance is needed of, ascending."""
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
    InputError : the sampling needs an apex or a frame rate, and the clip has none that will do.
    """
    kept = _kept(clip, numbers, settings.frame_rate)
    n_frames, n = len(kept), settings.n_frames
    middle = middle_index(n_frames, settings.middle_at)
    apex, problem = find_apex(clip, numbers)
    flags: tuple[str, ...] = ()
    if apex is not None:  # [ours] a slower camera's apex is its frame nearest to the annotated one
        apex = 1 + nearest(kept[1:], apex)
    elif needs_apex(sampling):
        if sampling != "apex":
            raise InputError(f"sampling {sampling} needs an apex, and {problem}")
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
    return Sample(
        frames=tuple(kept[index] for index in frames),
        inference=kept[frames[0] if sampling == "apex" else middle],
        wanted=wanted,
        candidates=n_frames - 1,
        flags=flags,
    )


def _kept(clip: Clip, numbers: Sequence[int], rate: float | None) -> Sequence[int]:
    """Indices of the frames there are, or of those a slower camera would have taken."""
    return range(len(numbers)) if rate is None else slow_down(numbers, clip.fps, rate)


def _width(clip: Clip, n_frames: int, sampling: SamplingName, settings: SamplingSettings) -> int:
    if sampling != "middle" or settings.window is None:
        return settings.n_frames
    return Window.parse(settings.window).width(n_frames, settings.frame_rate or clip.fps)


def find_apex(clip: Clip, numbers: Sequence[int]) -> tuple[int | None, str]:
    """Index of the annotated apex in `numbers`, or None and why there is none to use.

    An apex on the onset is as implausible as one outside the clip: nothing has moved there.
    """
    if clip.apex is None:
        implausible = "apex-implausible" in clip.flags
        return None, "the annotated one is implausible" if implausible else "none is annotated"
    if clip.apex == numbers[0]:
        return None, "the annotated one is the onset"
    if not clip.onset < clip.apex <= clip.offset:  # of a clip whose onset or offset was moved
        return None, f"the annotated one, frame {clip.apex}, is not between onset and offset"
    if clip.apex not in numbers:
        return None, f"the annotated one, frame {clip.apex}, is not on disk"
    return numbers.index(clip.apex), ""


def clip_generator(clip_id: str, seed: int) -> np.random.Generator:
    """The generator of a clip's own draw: other clips and their order do not matter."""
    import numpy as np

    digest = hashlib.sha256(clip_id.encode(errors="surrogateescape")).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])


def describe_sampling(
    sampling: SamplingName, settings: SamplingSettings
) -> dict[str, SettingValue]:
    """The settings in effect, as an index records them; those without effect stay out."""
    values: dict[str, SettingValue] = {"sampling": sampling, "n_frames": settings.n_frames}
    if settings.window is not None:
        values["window"] = settings.window
    if settings.middle_at != HALFWAY:
        values["middle_at"] = settings.middle_at
    if settings.frame_rate is not None:
        values["frame_rate"] = settings.frame_rate
    if sampling == "random":
        values["sampling_seed"] = settings.sampling_seed
    return values
