"""READ FIRST: what ``raicl-prep video`` does: open, find the intervals, prepare them, say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from raicl.common.errors import InputError
from raicl.common.terminal.console import say
from raicl.common.versioned import write_versioned
from raicl.common.video import (
    VideoFailure,
    VideoInput,
    VideoInterval,
    Videos,
    videos_file,
)
from raicl.preprocess.face.models import model_file
from raicl.preprocess.face.several import find_face, list_faces
from raicl.preprocess.output import check_place
from raicl.preprocess.prepare import ClipResult, prepare
from raicl.preprocess.report import check_failures, report_videos
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.clips import as_database
from raicl.preprocess.video.intervals import name_inputs, place_intervals
from raicl.preprocess.video.options import VideoOptions
from raicl.preprocess.video.recording import Recording, open_recording
from raicl.preprocess.video.request import (
    check_settings,
    checked_fps,
    refuse_inside,
    refuse_stale,
    wanted_intervals,
)
from raicl.preprocess.video.search import Search, search

TRIAGE = (
    "Proposed intervals are triage, not spotting: they say where something moved and came back, "
    "miss expressions, and take other motion for one. For research only."
)


def run(
    options: VideoOptions,
    out: Path,
    settings: PrepSettings,
    *,
    jobs: int,
    overwrite: bool,
    clip_minutes: float,
    max_failures: int,
    as_json: bool,
) -> None:
    """Make a cache of own videos and print what is in it.

    Raises
    ------
    RaiclError : see `prepare_videos`.
    PartialError : more clips failed than were tolerated.
    """
    videos, rows = prepare_videos(
        options, out, settings, jobs=jobs, overwrite=overwrite, clip_minutes=clip_minutes
    )
    report_videos(videos, rows, out, as_json=as_json)
    check_failures(rows, max_failures)


def prepare_videos(
    options: VideoOptions,
    out: Path,
    settings: PrepSettings,
    *,
    jobs: int = 1,
    overwrite: bool = False,
    clip_minutes: float | None = None,
) -> tuple[Videos, list[ClipResult]]:
    """Make a cache of intervals of videos, and the list of videos beside it.

    Every input is opened and every interval found before anything is written. If nothing moved
    there are no clips: the list says so, and no cache is written.

    Raises
    ------
    UsageError : options that contradict each other, or an interval that is not in its input.
    InputError : an input or a table cannot be used, or shows no face.
    ConflictError : `out` holds other clips; see `prepare`.
    PartialError : no clip could be prepared.
    """
    check_settings(settings)
    check_place(out)
    wanted = wanted_intervals(options)
    refuse_inside(out, wanted)
    face = options["face"] or 1
    fps = checked_fps(options["fps"])
    names = name_inputs(list(wanted))
    recordings = [open_recording(given, name=names[given], fps=fps) for given in wanted]
    placed = [
        (recording, place_intervals(recording, wanted[recording.given])) for recording in recordings
    ]
    found = [_look(recording, intervals, settings, face) for recording, intervals in placed]
    placed = [
        (recording, intervals or list(seen.intervals))
        for (recording, intervals), seen in zip(placed, found, strict=True)
    ]
    rows: list[ClipResult] = []
    if any(intervals for _, intervals in placed):
        with as_database(placed, settings, face) as database:
            rows = prepare(
                database,
                out,
                settings,
                jobs=jobs,
                overwrite=overwrite,
                clip_minutes=clip_minutes,
            )
    else:
        refuse_stale(out, overwrite)
    failed = {row.id: row.reason for row in rows if row.record is None}
    inputs = [
        _describe(recording, intervals, seen, face, failed)
        for (recording, intervals), seen in zip(placed, found, strict=True)
    ]
    videos = Videos(inputs=tuple(inputs), note=TRIAGE)
    write_versioned(videos_file(out), videos)
    return videos, rows


def _look(
    recording: Recording, intervals: Sequence[VideoInterval], settings: PrepSettings, face: int
) -> Search:
    """Search a recording, or look at the faces of the intervals that were given.

    Raises
    ------
    InputError : no frame that was looked at shows the face.
    """
    if not intervals:
        say(f"{recording.given}: searching {len(recording.numbers)} frames")
        return search(recording, settings, face)
    if settings.align == "none":
        return Search(faces=0)
    model = model_file(settings.landmarks)
    first = None
    onsets = {recording.numbers.index(interval.onset) for interval in intervals}
    for index, image in recording.frames(onsets.__contains__, max(onsets)):
        try:
            find_face(image, model, face)
        except InputError as error:
            place = f"{recording.given}, frame {recording.numbers[index]}"
            where = ", ".join(filter(None, (place, error.where)))
            first = first or InputError(error.what, where=where, fix=error.fix)
        else:
            return Search(faces=max(1, len(list_faces(image, model, least=face))))
    assert first is not None  # there is at least one onset
    raise first


def _describe(
    recording: Recording,
    intervals: Sequence[VideoInterval],
    seen: Search,
    face: int,
    failed: Mapping[str, str],
) -> VideoInput:
    bits = recording.bits_per_pixel
    return VideoInput(
        path=recording.given,
        name=recording.name,
        kind=recording.kind,
        first=recording.numbers[0],
        last=recording.numbers[-1],
        n_frames=len(recording.numbers),
        fps=round(recording.fps, 6),
        variable_rate=recording.is_variable,
        rotation=recording.rotation,
        size=recording.size,
        pixel_aspect=round(recording.pixel_aspect, 6),
        bits_per_pixel=None if bits is None else round(bits, 3),
        faces=seen.faces,
        face=face,
        searched=seen.intensity is not None,
        intervals=tuple(one for one in intervals if one.clip not in failed),
        failures=tuple(
            VideoFailure(interval=one, reason=failed[one.clip])
            for one in intervals
            if one.clip in failed
        ),
        intensity=seen.intensity,
        noise_floor=seen.noise_floor,
    )
