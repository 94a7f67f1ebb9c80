"""raicl: every command under one name, found through entry points so that common knows no stage."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

from raicl.common.terminal.console import launch
from raicl.common.terminal.misuse import run
from raicl.common.terminal.version import print_version


def build() -> typer.Typer:
    """A typer app with one command per ``raicl.commands`` entry point, each with its docstring."""
    app = typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True,
        help="Micro-expression recognition without apex labels. Details: `raicl NAME --help`.",
    )  # fmt: skip

    @app.callback()
    def common_options(
        version: bool = typer.Option(
            False, "--version", callback=print_version, is_eager=True, help="Show version."
        ),
    ) -> None:
        pass

    for point in sorted(entry_points(group="raicl.commands"), key=lambda point: point.name):
        app.command(name=point.name)(point.load())
    return app


def main() -> None:
    """Entry point of ``raicl``."""
    launch(lambda: run(build()))


if __name__ == "__main__":
    main()
