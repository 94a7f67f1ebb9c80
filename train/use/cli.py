"""``raicl predict``: options and messages. The work is in `command`, which is loaded on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raicl.common.errors import UsageError
from raicl.common.terminal import console
from raicl.common.terminal.logging_options import Debug, Quiet
from raicl.common.terminal.video_options import (
    VIDEO_PANEL,
    Face,
    Fps,
    Intervals,
    Offset,
    Onset,
)
from raicl.train.cli import load_torch


def predict(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="Folder of raicl fit, a fold of a run, or a run, whose folds then vote.",
        ),
    ],
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT", help="Videos, folders of frames, or caches of raicl-prep."),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Folder to write; must be new or empty.",
            rich_help_panel="Output",
        ),
    ],
    onset: Onset = None,
    offset: Offset = None,
    intervals: Intervals = None,
    fps: Fps = None,
    face: Face = None,
    landmarks: Annotated[
        str | None,
        typer.Option(
            help="Landmark model of the model's caches, if it is not dlib68: dlib5 or a FILE.",
            rich_help_panel=VIDEO_PANEL,
        ),
    ] = None,
    pictures: Annotated[
        bool, typer.Option(help="Draw a picture of each clip.", rich_help_panel="Output")
    ] = True,
    video: Annotated[
        bool,
        typer.Option("--video", help="Also write annotated videos.", rich_help_panel="Output"),
    ] = False,
    device: Annotated[
        str,
        typer.Option(help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel="Compute"),
    ] = "auto",
    json: Annotated[
        bool, typer.Option("--json", help="Print predictions.json.", rich_help_panel="Logging")
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say what a model makes of clips, with flags for what is out of its range.

    For research only: not for judging people. A probability says nothing of how good the model is,
    the scores of its run do.

    [bold]raicl predict model flows.h5 --out predictions[/bold]
    """
    console.configure(quiet=quiet, debug=debug)
    load_torch()
    from raicl.train.use import command
    from raicl.train.use.footage import Asked
    from raicl.train.use.inputs import is_cache

    if video and any(map(is_cache, inputs)):
        raise UsageError("--video annotates videos, and a cache is given", fix="leave it out")
    asked = Asked(
        onset=onset, offset=offset, intervals=intervals, fps=fps, face=face, landmarks=landmarks
    )
    wanted = command.Wanted(out=out, pictures=pictures, video=video, as_json=json)
    command.run(model, inputs, asked, wanted, device=device)
