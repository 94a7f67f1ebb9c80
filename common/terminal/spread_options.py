"""Options that spread the work of a command over several machines."""

from __future__ import annotations

from typing import Annotated

import typer

SPREAD_PANEL = "Several machines"  # of the options in --help

Shard = Annotated[
    str | None,
    typer.Option(
        metavar="I/N",
        help="Only part I of N, from 0 on, as one job of an array. The same command without it "
        "joins the parts.",
        rich_help_panel=SPREAD_PANEL,
        show_default=False,
    ),
]
ClusterAddress = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="tls://HOST:PORT",
        help="Send the work to the workers of this Dask scheduler, in place of --jobs.",
        rich_help_panel=SPREAD_PANEL,
        show_default=False,
    ),
]
TrustNetwork = Annotated[
    bool,
    typer.Option(
        "--trust-network",
        help="Take tcp:// to another machine: everybody who reaches the scheduler's port can run "
        "programs in your name.",
        rich_help_panel=SPREAD_PANEL,
    ),
]
