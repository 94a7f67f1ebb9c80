"""``raicl fit``: options and messages. The work is in `command`, which is loaded on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from raicl.common.settings import with_settings
from raicl.common.terminal import console
from raicl.common.terminal.logging_options import Debug, Quiet
from raicl.train.cli import Config, Preset, load_torch
from raicl.train.settings import TrainSettings
from raicl.train.settings.presets import merge_settings


@with_settings(TrainSettings)
def fit(
    flows: Annotated[
        list[Path],
        typer.Argument(
            metavar="FLOWS",
            help="Caches of raicl-prep; several form one composite database.",
        ),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Folder of the model.", rich_help_panel="Output"),
    ],
    scores: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Folder of the leave-one-subject-out run whose scores stand for the model: of the "
            "same settings and clips, and finished. [dim]\\[default: no score is claimed][/dim]",
            rich_help_panel="Input",
            show_default=False,
        ),
    ] = None,
    config: Config = None,
    preset: Preset = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Start anew, and replace the model that is there.",
            rich_help_panel="Output",
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print model.json.", rich_help_panel="Logging")
    ] = False,
    quiet: Quiet = False,
    debug: Debug = False,
    given: dict[str, Any],
) -> None:
    """Fit a model for use on every clip, and write it with its card.

    It claims no score, because nobody is left to test it on. Give --scores the run whose scores
    stand for it. The same command continues an interrupted fit. For research only.

    [bold]raicl fit flows.h5 --config run/config.toml --scores run --out model[/bold]
    """
    console.configure(quiet=quiet, debug=debug)
    settings = merge_settings(preset, config, given)
    load_torch()
    from raicl.train.fitted import command

    command.run(flows, settings, out=out, scores=scores, overwrite=overwrite, as_json=json)
