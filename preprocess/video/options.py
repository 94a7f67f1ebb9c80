"""Options of `raicl-prep video`, in a panel of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from raicl.common.errors import UsageError
from raicl.common.terminal.video_options import VIDEO_PANEL
from raicl.common.video import DATASET

Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="PATH",
        help="A video (mp4, mov, avi, mkv, webm) or a folder of frames; may be repeated.",
        rich_help_panel=VIDEO_PANEL,
        show_default=False,
    ),
]


class VideoOptions(TypedDict):
    """The options of own videos by their names, as they were given."""

    inputs: list[str] | None
    onset: str | None
    offset: str | None
    intervals: Path | None
    fps: float | None
    face: int | None


def check_use(dataset: str, options: VideoOptions, others: Mapping[str, object]) -> None:
    """Check that options belong to what is prepared.

    Parameters
    ----------
    others : values of the options of databases, by option; those that are not given are empty.

    Raises
    ------
    UsageError : an option of own videos with a database, or of a database with own videos.
    """
    if dataset != DATASET:
        given = next((name for name, value in options.items() if value), None)
        if given is not None:
            option = "input" if given == "inputs" else given
            raise UsageError(
                f"--{option} belongs to own videos, and {dataset} is a database",
                fix=f"raicl-prep {DATASET} --input VIDEO --out clips.h5",
            )
        return
    idle = next((option for option, value in others.items() if value), None)
    if idle is not None:
        raise UsageError(f"{idle} belongs to databases", fix="leave it out for own videos")
