"""``raicl ablate``: options and messages. The work is in `study` and `table`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from raicl.common.cluster.address import checked_address
from raicl.common.errors import PartialError, UsageError
from raicl.common.locking import lock
from raicl.common.parallel import resolve_jobs
from raicl.common.settings import with_settings
from raicl.common.share import read_share
from raicl.common.terminal import console
from raicl.common.terminal.estimate_option import Estimate
from raicl.common.terminal.spread_options import ClusterAddress, Shard, TrustNetwork
from raicl.common.terminal.wording import counted
from raicl.train.cli import Jobs, load_torch
from raicl.train.report.formats import TableFormat
from raicl.train.settings import TrainSettings
from raicl.train.settings.presets import base_layers

if TYPE_CHECKING:
    from raicl.train.ablation.grid import Layers


_LOCK_SECONDS = 600.0  # ample: another process holds the lock only while it makes its table


@with_settings(TrainSettings)
def ablate(
    flows: Annotated[list[Path], typer.Argument(metavar="FLOWS", help="Caches of raicl-prep.")],
    *,
    grid: Annotated[
        str, typer.Option(help="paper, sampling, another grid of the package, or a TOML file.")
    ] = "paper",
    rows: Annotated[
        str | None, typer.Option(help="Only these rows of the grid: M1,M2,M6.", show_default=False)
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="The row that the others are compared with.", show_default=False),
    ] = None,
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "0,1,2",
    fold: Annotated[
        list[str] | None,
        typer.Option(help="As in raicl-train; the same folds for all rows.", show_default=False),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Preset below every row, e.g. tiny on a CPU.", show_default=False),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="TOML file of settings below every row.", show_default=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            "-d",
            help="Folder of the runs. [dim]\\[default: ablations/GRID-KEY][/dim]",
            show_default=False,
        ),
    ] = None,
    jobs: Jobs = None,
    shard: Shard = None,
    cluster: ClusterAddress = None,
    trust_network: TrustNetwork = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the units and whether they are finished.")
    ] = False,
    estimate: Estimate = False,
    table_format: Annotated[
        TableFormat, typer.Option("--format", help="How the table is printed.")
    ] = "text",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the table only.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
    given: dict[str, Any],
) -> None:
    """Run the rows of a grid under several seeds, and print one table of their results.

    Settings given here, in a preset or in a file apply to every row. A row's own settings override
    them. The same command continues where it was stopped, and several at a time share the work.

    [bold]raicl ablate all.h5 --grid paper --preset tiny --seeds 0,1,2[/bold]
    """
    console.configure(quiet=quiet, debug=debug)
    numbers = _read_seeds(seeds, given)
    base = base_layers(preset, config, given)
    load_torch()
    from raicl.common.cluster.client import connected
    from raicl.train.ablation.foreseen import describe_foreseen, foresee
    from raicl.train.ablation.grid import read_grid
    from raicl.train.ablation.pasted import table_as
    from raicl.train.ablation.study import Study, missing_folds, name_folds, run_study
    from raicl.train.ablation.table import tabulate, write_table
    from raicl.train.ablation.units import plan_units, units_of
    from raicl.train.run.device import configure_torch

    whole = read_grid(grid).compared_with(reference)
    chosen = whole if rows is None else whole.part([name.strip() for name in rows.split(",")])
    folder = folder or _default_folder(grid, flows, base)
    share = read_share(shard)
    if jobs is not None:
        resolve_jobs(jobs)  # a wrong number is told before any work
    address = checked_address(cluster, trusted=trust_network)
    if address is not None:  # workers have another working directory
        folder = folder.absolute()
    units = plan_units(chosen, numbers, flows, base, folder)
    reference_unit = next(unit for unit in units if unit.row == chosen.reference)
    study = Study(
        grid=chosen,
        seeds=numbers,
        units=units,
        folds=name_folds(reference_unit, fold or ["all"]),
        folder=folder,
        jobs=jobs,
        share=None if share is None else units_of(share, units),
    )
    if dry_run:
        for unit in study.own:
            missing = missing_folds(unit, study.folds)
            state = "finished" if missing is None else f"{counted(missing, 'fold')} to run"
            console.result(f"{unit.name:<24}{state:<18}{unit.folder}")
        return
    if not study.own:
        console.say(f"part {share} has no unit: there are fewer than parts")
        return
    shared = study.units[0].settings
    repeatable = any(unit.settings.deterministic for unit in study.units)
    configure_torch(shared.model_copy(update={"deterministic": repeatable}))
    if estimate:
        found = foresee(study)
        values = {name: one.to_json() for name, one in found.items()}
        console.result(dumps(values, indent=2) if json else describe_foreseen(found))
        return
    folder.mkdir(parents=True, exist_ok=True)
    seen = sorted({path for unit in units for path in unit.flows})
    with connected(address, beside=folder, files=seen) as on:
        reasons = run_study(study if on is None else replace(study, cluster=on, jobs=on.slots))
    with lock(folder / "lock", patience=_LOCK_SECONDS):  # so that the last table is of all units
        table = tabulate(study, reasons)
        write_table(folder, table)
    console.result(table_as("json" if json else table_format, table, folder))
    if reasons:
        raise PartialError(
            f"{len(reasons)} of {len(units)} units are not complete",
            where="; ".join(reasons),
            fix="the table gives the reasons; the same command tries the units again",
        )


def _default_folder(grid: str, flows: list[Path], base: Layers) -> Path:
    """``ablations/GRID-KEY``, so that the same command finds the same study."""
    settings = {name: value for _, values in base for name, value in values.items()}
    made_of = repr(([str(path.resolve()) for path in flows], sorted(settings.items())))
    key = hashlib.sha256(made_of.encode()).hexdigest()[:8]
    return Path("ablations") / f"{Path(grid).stem}-{key}"


def _read_seeds(text: str, given: dict[str, Any]) -> tuple[int, ...]:
    if "seed" in given:
        raise UsageError("--seed is for a single run", fix="give --seeds 0,1,2")
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise UsageError(f"--seeds {text}", fix="give whole numbers, as in --seeds 0,1,2")
    numbers = tuple(int(part) for part in parts)
    if len(set(numbers)) < len(numbers):
        raise UsageError(f"--seeds {text} names a seed twice", fix="name every seed once")
    return numbers
