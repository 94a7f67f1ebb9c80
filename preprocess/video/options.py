"""Options of `raicl-prep video`, in a panel of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from raicl.common.errors import UsageError
from raicl.common.video import DATASET

_PANEL = "Own videos"

Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="PATH",
        help="A video (mp4, mov, avi, mkv, webm) or a folder of frames; may be repeated.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Onset = Annotated[
    str | None,
    typer.Option(
        metavar="35|1.4s",
        help="First frame of the expression, by number or time. Without it and --intervals, "
        "intervals are proposed.",
        rich_help_panel=_PANEL,
    ),
]
Offset = Annotated[
    str | None,
    typer.Option(metavar="60|2.4s", help="Its last frame.", rich_help_panel=_PANEL),
]
Intervals = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        help="Table of intervals with the columns input, onset and offset, and perhaps name.",
        rich_help_panel=_PANEL,
    ),
]
Fps = Annotated[
    float | None,
    typer.Option(
        help="Frame rate of a folder of frames; of a video, in place of what it says.",
        rich_help_panel=_PANEL,
    ),
]
Face = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Which face, by size. [dim]\\[default: 1, the largest][/dim]",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]


class VideoOptions(TypedDict):
    """The options above by their names, as they were given."""

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
