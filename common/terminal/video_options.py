"""Options that say which part of a person's own video is meant, of every command that takes one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

VIDEO_PANEL = "Own videos"  # of the options in --help

Onset = Annotated[
    str | None,
    typer.Option(
        metavar="35|1.4s",
        help="First frame of the expression, by number or time. Without it and --intervals, "
        "intervals are proposed.",
        rich_help_panel=VIDEO_PANEL,
    ),
]
Offset = Annotated[
    str | None,
    typer.Option(metavar="60|2.4s", help="Its last frame.", rich_help_panel=VIDEO_PANEL),
]
Intervals = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        help="Table of intervals with the columns input, onset and offset, and perhaps name.",
        rich_help_panel=VIDEO_PANEL,
    ),
]
Fps = Annotated[
    float | None,
    typer.Option(
        help="Frame rate of a folder of frames; of a video, in place of what it says.",
        rich_help_panel=VIDEO_PANEL,
    ),
]
Face = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Which face, by size. [dim]\\[default: 1, the largest][/dim]",
        rich_help_panel=VIDEO_PANEL,
        show_default=False,
    ),
]
