"""Inputs: the clips of what is given as INPUT, and what of it has no clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raicl.common.cache.flows import Cache, StoredClip, no_clips, open_cache
from raicl.common.cache.seal import is_cache_file
from raicl.common.errors import UsageError
from raicl.common.predicted import WithoutClip
from raicl.common.video import (
    VideoInput,
    VideoInterval,
    is_own_video,
    read_videos,
    videos_file,
)
from raicl.train.use.comparable import refuse_other_instances
from raicl.train.use.footage import Asked, prepare_footage
from raicl.train.use.model import Model

_ENDINGS = (".h5", ".hdf5")  # so that a damaged cache is not taken for a video


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What there is to say something of.

    Attributes
    ----------
    clips : those of the caches in their order, then those of videos and folders.
    intervals : of clips from a person's own video, by cache and id: the video, and the interval.
    without : inputs and intervals that have no clip.
    notes : what is to be said of all.
    """

    clips: tuple[StoredClip, ...]
    intervals: dict[tuple[Path, str], tuple[VideoInput, VideoInterval]]
    without: tuple[WithoutClip, ...] = ()
    notes: tuple[str, ...] = ()


def read_inputs(paths: Sequence[Path], model: Model, asked: Asked, work: Path) -> Inputs:
    """Open the caches, and make one in the folder `work` of everything else.

    Raises
    ------
    UsageError : options for videos without a video.
    InputError : a cache cannot be read, is empty, or is not of the model's kind; or see
        `prepare_footage`.
    SystemExit : stage 1 has failed, see `prepare_footage`.
    """
    footage = [path for path in paths if not is_cache(path)]
    if asked.given and not footage:
        raise UsageError(
            f"{asked.given[0]} is for videos and folders of frames, and only caches are given",
            fix="leave it out",
        )
    caches = [_open(path, model) for path in paths if path not in footage]
    listed = {cache.path: read_videos(cache.path) for cache in caches if _has_list(cache)}
    if footage:
        made = work / "clips.h5"
        prepare_footage(footage, model, asked, made)
        listed[made] = read_videos(made)
        caches += [_open(made, model)] if made.is_file() else []
    every = [video for videos in listed.values() for video in videos.inputs]
    notes = [v.note for v in listed.values() if any(video.searched for video in v.inputs)]
    return Inputs(
        clips=tuple(StoredClip(cache, record) for cache in caches for record in cache.records),
        intervals={
            (path, interval.clip): (video, interval)
            for path, videos in listed.items()
            for video in videos.inputs
            for interval in video.intervals
        },
        without=tuple(one for video in every for one in without_clip(video)),
        notes=tuple(dict.fromkeys(notes)),
    )


def is_cache(path: Path) -> bool:
    """Whether an input is a cache, by its content or its ending."""
    return path.suffix.lower() in _ENDINGS or (path.is_file() and is_cache_file(path))


def without_clip(video: VideoInput) -> list[WithoutClip]:
    """What of a video has no clip: all of it if nothing moved, and what could not be prepared."""
    found = []
    if video.nothing_moved:
        floor = "" if video.noise_floor is None else f" of {video.noise_floor:.3f} px"
        said = (
            f"Nothing moved: in {video.n_frames} frames, from 0 to "
            f"{(video.n_frames - 1) / video.fps:.1f} s, no motion of the face stood out from "
            f"the noise{floor}."
        )
        found.append(WithoutClip(input=video.path, nothing_moved=True, sentence=said))
    for failure in video.failures:
        interval = failure.interval
        said = f"Frames {interval.onset} to {interval.offset} have no clip: {failure.reason}."
        found.append(WithoutClip(input=video.path, nothing_moved=False, sentence=said))
    return found


def _open(path: Path, model: Model) -> Cache:
    cache = open_cache(path)
    if not cache.records:
        raise no_clips(cache)
    refuse_other_instances(cache, model)
    return cache


def _has_list(cache: Cache) -> bool:
    """Whether a cache is of own videos and the list of them lies beside it."""
    own = any(is_own_video(record.clip) for record in cache.records)
    return own and videos_file(cache.path).is_file()
