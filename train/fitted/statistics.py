"""Statistics: the motion, lengths and frame rates that a model was fitted on.

Whoever classifies another clip compares it with these. All of it is measured in the crop of the
cache, before any scaling or resizing to the network's input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raicl.common.cache.flows import StoredClip
from raicl.common.quality import UNITS
from raicl.common.terminal.progress import progress
from raicl.train.clips.composite import Composite
from raicl.train.fitted.records import FrameRate, Quantity, Statistics
from raicl.train.settings import TrainSettings

SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


class Measured(NamedTuple):
    """One clip, as its quantities are taken from it.

    Attributes
    ----------
    motion : length of the flow of the middle instance, px, (S, S).
    fps : frames per second of the frames that were used. None if not known.
    """

    stored: StoredClip
    motion: NDArray[np.float32]
    fps: float | None


class _Source(NamedTuple):
    unit: str
    meaning: str
    of: Callable[[Measured], float | None]


def _percentile(share: float) -> Callable[[Measured], float]:
    return lambda clip: float(np.quantile(clip.motion, share))


def _seconds(clip: Measured) -> float | None:
    annotated = clip.stored.record.clip  # whose frame numbers count time in units of 1/fps
    return (annotated.offset - annotated.onset) / annotated.fps if annotated.fps else None


def _quality(name: str) -> Callable[[Measured], float | None]:
    def look_up(clip: Measured) -> float | None:
        quality = clip.stored.record.quality
        return None if quality is None else getattr(quality, name)

    return look_up


_QUALITY = {  # see `raicl.common.quality.Quality`
    "eye_distance": "distance of the eyes on the onset",
    "roll": "roll of the head on the onset, clockwise",
    "turn": "turn of the head on the onset, to the picture's right",
    "brightness": "mean of the aligned onset within the face",
    "contrast": "standard deviation of the aligned onset within the face",
    "sharpness": "share of the contrast that lies in fine detail",
    "head_motion": "largest motion of the head from the onset on",
    "background_flow": "largest motion of the background from the onset on",
}

# What is measured of a clip. One more number is one more row.
_SOURCES = {
    "motion_mean_px": _Source(
        "px", "mean |flow| of the middle instance", lambda clip: float(clip.motion.mean())
    ),
    **{
        f"motion_p{100 * share:.0f}_px": _Source(
            "px", f"|flow| that {share:.0%} of the middle instance stays below", _percentile(share)
        )
        for share in (0.5, 0.9, 0.99)
    },
    "length_frames": _Source(
        "frames",
        "frames on disk, from onset to offset",
        lambda clip: float(clip.stored.record.n_frames),
    ),
    "length_s": _Source("s", "time from onset to offset", _seconds),
    "frame_rate_hz": _Source("1/s", "frames per second", lambda clip: clip.fps),
    **{name: _Source(UNITS[name], meaning, _quality(name)) for name, meaning in _QUALITY.items()},
}


def measure(composite: Composite, clips: Sequence[str], settings: TrainSettings) -> Statistics:
    """Measure the clips that a model is fitted on. Each shard is read once.

    Raises
    ------
    InputError : a shard is damaged.
    """
    values: dict[str, list[float | None]] = {name: [] for name in _SOURCES}
    rates: Counter[float | None] = Counter()
    with progress(len(clips), "measuring motion") as shown:
        for clip in clips:
            cache, record = stored = composite.records[clip]
            rates[frame_rate(stored, settings)] += 1
            middle = cache.read(record).instances[record.middle]
            for name, value in quantities(stored, middle, settings).items():
                values[name].append(value)
            shown.advance()
    return Statistics(
        clips=len(clips),
        crop=composite.caches[0].size,
        shares=SHARES,
        quantities={name: _quantity(_SOURCES[name], values[name]) for name in _SOURCES},
        frame_rates=tuple(
            FrameRate(fps=fps, clips=n)
            for fps, n in sorted(rates.items(), key=lambda row: (row[0] is None, row[0] or 0.0))
        ),
    )


def quantities(
    stored: StoredClip, middle: NDArray[np.float16], settings: TrainSettings
) -> dict[str, float | None]:
    """The numbers of one clip, by name. None where a number is not known.

    Parameters
    ----------
    middle : its middle instance as the cache holds it, (3, S, S).
    """
    u, v, _ = middle.astype(np.float32)
    cache, record = stored
    found = Measured(stored, np.hypot(u, v), frame_rate(stored, settings))
    unknown = () if cache.measure.unit else tuple(name for name in _SOURCES if name.endswith("_px"))
    unknown += () if record.clip.numbered else ("length_frames",)
    return {n: None if n in unknown else source.of(found) for n, source in _SOURCES.items()}


def frame_rate(stored: StoredClip, settings: TrainSettings) -> float | None:
    """Frames per second of the frames that are used. None if the database does not say."""
    cache, record = stored
    slowed = settings.frame_rate or cache.settings.get("frame_rate")
    return float(slowed) if isinstance(slowed, int | float) else record.clip.fps


def _quantity(source: _Source, values: Sequence[float | None]) -> Quantity:
    known = [value for value in values if value is not None]
    return Quantity(
        unit=source.unit,
        meaning=source.meaning,
        clips=len(known),
        unknown=len(values) - len(known),
        quantiles=tuple(np.quantile(known, SHARES).tolist()) if known else None,
    )
