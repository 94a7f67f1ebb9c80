"""``raicl predict``: options and messages. The work is in `command`, which is loaded on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raicl.common.terminal import console
from raicl.train.cli import Debug, Quiet, load_torch


def predict(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="Folder of raicl fit, a fold of a run, or a run, whose folds then vote.",
        ),
    ],
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT", help="Caches of raicl-prep.")],
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
    pictures: Annotated[
        bool, typer.Option(help="Draw a picture of each clip.", rich_help_panel="Output")
    ] = True,
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

    command.run(model, inputs, out=out, device=device, pictures=pictures, as_json=json)
