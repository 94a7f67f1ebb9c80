"""Logging options: how much a command says."""

from __future__ import annotations

from typing import Annotated

import typer

Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print results only.", rich_help_panel="Logging")
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show the trace of an error.", rich_help_panel="Logging")
]
