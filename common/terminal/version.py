"""The --version option, the same in every command."""

from __future__ import annotations

from importlib.metadata import version

import typer


def print_version(asked: bool) -> None:
    """Print the version and exit if the option was given."""
    if asked:
        typer.echo(f"raicl {version('raicl')}")
        raise typer.Exit
