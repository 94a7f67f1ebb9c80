"""``raicl annotate``: options and messages. The work is in `annotate`, loaded on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raicl.common.terminal import console


def annotate(
    predictions: Annotated[
        Path,
        typer.Argument(metavar="PREDICTIONS", help="The predictions.json of raicl predict."),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="Folder of the videos, new or empty.", rich_help_panel="Output"
        ),
    ],
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No log.", rich_help_panel="Logging")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show traces.", rich_help_panel="Logging")
    ] = False,
) -> None:
    """Draw predictions onto the frames of their videos: one mp4 for each input.

    On the frames of an interval stand its class, probability and frames. For research only.

    [bold]raicl annotate predictions.json --out annotated[/bold]
    """
    console.configure(quiet=quiet, debug=debug)
    from raicl.common.predicted import read_predicted
    from raicl.preprocess.video.annotate import annotate as draw

    for path in draw(read_predicted(predictions), out):
        console.result(str(path))
