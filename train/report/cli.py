"""``raicl report`` and ``raicl compare``: options and messages. The work is loaded on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raicl.common.errors import UsageError
from raicl.common.terminal import console
from raicl.train.cli import load_torch
from raicl.train.report.formats import TableFormat


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run folders.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page to write.")],
    flows: Annotated[
        list[Path] | None,
        typer.Option(
            help="Caches of the runs, to measure the regions, or if they were moved; repeatable."
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="DATABASE",
            help="Synthetic database of the caches: compare regions and attention with its truth.",
        ),
    ] = None,
    ablation: Annotated[
        Path | None, typer.Option(help="Folder (--dir) of a raicl ablate study to show as well.")
    ] = None,
    faces: Annotated[
        bool, typer.Option(help="Show onset faces, flow and attention of some clips.")
    ] = True,
) -> None:
    """Write one self-contained HTML page about one or several runs."""
    load_torch()
    from raicl.train.report.page import write_page
    from raicl.train.run.outcome import read_outcomes

    measures = write_page(
        out, read_outcomes(runs), flows=flows or (), faces=faces, ablation=ablation, truth=truth
    )
    console.result(str(out))
    if measures is not None:
        console.result(str(measures))


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", help="Run folders; the others are compared with the first."),
    ],
    table_format: Annotated[
        TableFormat, typer.Option("--format", help="How the table is printed.")
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Compare runs over the same clips: scores, paired differences from the first, and tests."""
    if len(runs) < 2:
        raise UsageError("one run cannot be compared", fix="raicl compare RUN RUN...")
    again = [run for index, run in enumerate(runs) if _is_among(run, runs[:index])]
    if again:
        raise UsageError(
            "a run cannot be compared with itself", where=str(again[0]), fix="name it once"
        )
    from raicl.train.report.compare import compare as compare_outcomes
    from raicl.train.report.pasted import comparison_as
    from raicl.train.run.outcome import read_outcomes

    compared = compare_outcomes(read_outcomes(runs))
    console.result(comparison_as("json" if as_json else table_format, compared))


def _is_among(run: Path, others: list[Path]) -> bool:
    return run.resolve() in {other.resolve() for other in others}
