"""placeholder"""

from __future__ import annotations

from dataclasses import dataclass

from raicl.common.video import Intensity, VideoInterval
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.recording import Recording


@dataclass(frozen=True, kw_only=True)
class Search:
    faces: int
    intervals: tuple[VideoInterval, ...] = ()
    intensity: Intensity | None = None
    noise_floor: float | None = None


def search(recording: Recording, settings: PrepSettings, face: int) -> Search:
    raise NotImplementedError
