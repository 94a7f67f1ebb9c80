"""Annotation errors: move onset and offset by some frames, to measure the effect on a run."""

from __future__ import annotations

import dataclasses

from raicl.common.clip import Clip
from raicl.data.disk.tree import Unusable, list_frames
from raicl.data.parts import combine
from raicl.data.records import Database, Footage
from raicl.data.sheets.annotation import attach_frames
from raicl.preprocess.settings import PrepSettings

_FOUND_ANEW = {"truncated", "frame-gap"}  # flags of the frames, not of the annotation


def misplace(database: Database, *, onset_error: int, offset_error: int) -> Database:
    """The database as if every onset and offset had been annotated some frames later.

    Clips keep their ids, classes and apexes. If a clip's folder lacks the frames, its
    `Footage.problem` says so. Moving it only as far as there are frames would measure a smaller
    error than the requested one [ours].

    Parameters
    ----------
    onset_error, offset_error : numbers of frames. They count from the annotation, so a second call
        with the same numbers changes nothing.
    """
    parts = [
        dataclasses.replace(
            part,
            footage=tuple(_misplace(x, onset_error, offset_error, part) for x in part.footage),
        )
        for part in database.parts
    ]
    return combine(database.name, parts) if database.members else parts[0]


def check_misplaced(database: Database, settings: PrepSettings) -> None:
    """Check that every clip has the errors in the settings, because the index records these.

    Raises
    ------
    ValueError : `misplace` was not called, or was called with other errors.
    """
    wanted = settings.onset_error, settings.offset_error
    for clip in (item.clip for item in database.footage if not item.problem):
        if (clip.onset_error, clip.offset_error) != wanted:
            raise ValueError(f"{clip.id} does not have the errors of annotation {wanted}")


def _misplace(item: Footage, onset_error: int, offset_error: int, database: Database) -> Footage:
    clip = dataclasses.replace(
        item.clip,
        onset=item.clip.annotated_onset + onset_error,
        offset=item.clip.offset - item.clip.offset_error + offset_error,
        onset_error=onset_error,
        offset_error=offset_error,
    )
    if clip == item.clip:
        return item
    try:
        return _attach(item, clip, database)
    except Unusable as reason:
        return dataclasses.replace(item, problem=str(reason))


def _attach(item: Footage, clip: Clip, database: Database) -> Footage:
    """Attach the frames of the moved clip.

    Raises
    ------
    Unusable : the onset is not before the offset, or one of them is not on disk.
    """
    if clip.onset >= clip.offset:
        raise Unusable(f"its onset, moved to {clip.onset}, is not before its offset {clip.offset}")
    listing = list_frames(item.frames[0].path.parent, database.root)
    # an annotated offset may be missing (`truncated`), but not one that was moved outwards
    if clip.offset_error > 0 and clip.offset not in listing.frames:
        raise Unusable(f"its offset, moved to frame {clip.offset}, is not on disk")
    flags = tuple(flag for flag in clip.flags if flag not in _FOUND_ANEW)
    return attach_frames(dataclasses.replace(clip, flags=flags), listing)
