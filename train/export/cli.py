"""``raicl export``: options and messages. The work is in `command`, which is loaded on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from raicl.common.terminal import console
from raicl.common.terminal.logging_options import Debug, Quiet
from raicl.train.cli import load_torch

FormatName = Literal["onnx", "torch-export"]


def export(
    model: Annotated[
        Path,
        typer.Argument(metavar="MODEL", help="Folder of raicl fit, or of a run's fold."),
    ],
    *,
    to: Annotated[
        FormatName,
        typer.Option(
            help="onnx, for other runtimes, or torch-export (.pt2), for PyTorch without raicl.",
            rich_help_panel="Output",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write.", rich_help_panel="Output")
    ],
    flows: Annotated[
        Path | None,
        typer.Option(
            metavar="FLOWS",
            help="Cache whose instances are compared, too. "
            "[dim]\\[default: only random ones][/dim]",
            rich_help_panel="Input",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace the file.", rich_help_panel="Output"),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON.", rich_help_panel="Logging")
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a model as one file, and compare what it says, its size and its speed with PyTorch.

    It takes raw instances and gives the probabilities, logits and class maps of each. Nothing is
    written if it says something else than PyTorch. For research only.

    [bold]raicl export model --to onnx --out model.onnx --flows flows.h5[/bold]
    """
    console.configure(quiet=quiet, debug=debug)
    load_torch()
    from raicl.train.export import command

    command.run(model, to=to, out=out, flows=flows, overwrite=overwrite, json=json)
