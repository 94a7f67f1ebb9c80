"""Options of `raicl-prep import`, in a panel of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict

import typer

from raicl.common.errors import UsageError

IMPORT = "import"  # what is typed in place of a database
_PANEL = "Import"

ImportDatabase = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="Database of all clips, if neither the table nor the names tell it.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Channels = Annotated[
    str | None,
    typer.Option(
        "--channels",
        metavar="R,G,B",
        help="What red, green and blue of a picture hold. [dim]\\[default: u,v,strain][/dim]",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        "--classes",
        metavar="A,B,…",
        help="Classes that the table writes as 0, 1, … "
        "[dim]\\[default: negative,positive,surprise][/dim]",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Unit = Annotated[
    Literal["px", "unknown"] | None,
    typer.Option(
        "--unit",
        help="Unit of u and v; known of .flo files alone. [dim]\\[default: unknown][/dim]",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Frame = Annotated[
    Literal["apex", "unknown"] | None,
    typer.Option(
        "--frame",
        help="apex: every clip has one flow, from its onset to its apex.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]


class ImportOptions(TypedDict):
    """The options of flow that was made elsewhere by their names, as they were given."""

    database: str | None
    channels: str | None
    classes: str | None
    unit: str | None
    frame: str | None


def check_import(dataset: str, options: ImportOptions, others: Mapping[str, object]) -> None:
    """Check that options belong to what is prepared.

    Parameters
    ----------
    others : values of the options of frames, by option; those that are not given are empty.

    Raises
    ------
    UsageError : an option of imported flow with frames, or of frames with imported flow.
    """
    if dataset != IMPORT:
        given = next((name for name, value in options.items() if value is not None), None)
        if given is not None:
            raise UsageError(
                f"--{given} belongs to flow that was made elsewhere",
                fix=f"raicl-prep {IMPORT} --root DIR --annotations CSV --out flows.h5",
            )
        return
    idle = next((option for option, value in others.items() if value), None)
    if idle is not None:
        raise UsageError(
            f"{idle} belongs to frames, and this flow is computed already", fix="leave it out"
        )
