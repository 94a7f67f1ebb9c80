"""Request: what the options of ``raicl-prep video`` ask for, and whether they may."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from raicl.common.errors import ConflictError, UsageError
from raicl.common.video import videos_file
from raicl.preprocess.settings import PrepSettings
from raicl.preprocess.video.intervals import Wanted, match_table, read_table
from raicl.preprocess.video.options import VideoOptions


def wanted_intervals(options: VideoOptions) -> dict[str, list[Wanted]]:
    """The intervals of each input; an input without any is searched."""
    inputs, table = options["inputs"] or [], options["intervals"]
    onset, offset = options["onset"], options["offset"]
    if table is not None and (onset or offset):
        raise UsageError("--intervals replaces --onset and --offset", fix="leave one of them out")
    if table is not None:
        return match_table(read_table(table), inputs, table)
    if not inputs:
        raise UsageError("--input is missing", fix="name a video: --input smile.mp4")
    if onset is None and offset is None:
        return {given: [] for given in inputs}
    if onset is None or offset is None:
        raise UsageError(
            f"--{'offset' if offset is None else 'onset'} is missing",
            fix="give both, or neither to have intervals proposed",
        )
    if len(inputs) > 1:
        raise UsageError(
            "--onset and --offset are of one input, and there are several",
            fix="write a table and name it with --intervals",
        )
    return {inputs[0]: [Wanted(onset, offset)]}


def check_settings(settings: PrepSettings) -> None:
    """Refuse settings that measure errors of an annotation, which own videos do not have."""
    for name in ("onset_error", "offset_error"):
        if getattr(settings, name):
            raise UsageError(
                f"--{name.replace('_', '-')} is for annotated databases", fix="leave it out"
            )


def checked_fps(fps: float | None) -> float | None:
    """The frame rate that was given, if it can be one."""
    if fps is not None and not (math.isfinite(fps) and 0 < fps <= 10_000):
        raise UsageError(f"--fps {fps:g} is no frame rate", fix="e.g. --fps 200")
    return fps


def refuse_inside(out: Path, inputs: Mapping[str, object]) -> None:
    """Refuse to write over an input, or into a folder of frames."""
    place, listed = out.resolve(), videos_file(out).resolve()
    for given in inputs:
        path = Path(given).resolve()
        if path in (place, listed) or (path.is_dir() and place.is_relative_to(path)):
            raise UsageError(
                "--out is an input or lies in one", where=given, fix="choose another --out"
            )


def refuse_stale(out: Path, overwrite: bool) -> None:
    """Nothing moved: a cache of an earlier run would stand beside a list that denies its clips."""
    if not out.exists():
        return
    if not overwrite:
        raise ConflictError(
            "nothing moved, and the output holds clips of an earlier run",
            where=str(out),
            fix="choose another --out, or remove them with --overwrite",
        )
    out.unlink()
