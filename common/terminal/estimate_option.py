"""The option that stops before training, of the commands that train for long."""

from typing import Annotated

import typer

Estimate = Annotated[
    bool,
    typer.Option(
        "--estimate",
        help="Print the time, memory and disk that this takes, from a few steps, and stop.",
        rich_help_panel="Compute",
    ),
]
