"""``raicl-train``: options and messages; the work is in `loso` and `fit`, loaded when needed."""

from __future__ import annotations

import json as _json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from raicl.common import console
from raicl.common.errors import PartialError, SetupError
from raicl.common.misuse import run
from raicl.common.parallel import resolve_jobs
from raicl.common.settings import environment, merge, read_toml, with_settings
from raicl.common.version import print_version
from raicl.train.settings import TrainSettings, preset_layers

EPILOG = "Something does not work? Try: raicl doctor. The README describes every file of a run."


@with_settings(TrainSettings)
def train(
    flows: Annotated[
        list[Path],
        typer.Argument(
            metavar="FLOWS", help="Caches of raicl-prep; several are one composite database."
        ),
    ],
    *,
    fold: Annotated[
        list[str] | None,
        typer.Option(
            help="all, sub05, casme2/sub05, #3, 3, 0-4,sub07 or subject:3; repeatable. "
            "A bare number is a subject of that very name, else a row of --list-folds. "
            "[dim]\\[default: all][/dim]",
            rich_help_panel="Input",
            show_default=False,
        ),
    ] = None,
    list_folds: Annotated[
        bool, typer.Option("--list-folds", help="List the folds and stop.", rich_help_panel="Input")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            help="TOML file of settings, e.g. the config.toml of a run.", rich_help_panel="Input"
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Named settings, below those of --config; of several, as in tiny,M2, the later "
            "wins. [dim]\\[default: paper][/dim]",
            rich_help_panel="Experiment",
            show_default=False,
        ),
    ] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            "--run-dir",
            "-d",
            help="Run folder. [dim]\\[default: runs/DATASET-PROTOCOL-HASH][/dim]",
            rich_help_panel="Output",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            help="Folds at a time, each in a process of its own that holds the instances; they "
            "share the CPU's cores. -1 is one per core.",
            rich_help_panel="Compute",
        ),
    ] = 1,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Start the run anew instead of continuing it.",
            rich_help_panel="Output",
        ),
    ] = False,
    pictures: Annotated[
        bool,
        typer.Option(
            help="Draw the confusion matrix and attention maps.", rich_help_panel="Output"
        ),
    ] = True,
    tensorboard: Annotated[
        bool,
        typer.Option(
            "--tensorboard",
            help="Write the log for TensorBoard, too, under tensorboard/ of the run folder.",
            rich_help_panel="Logging",
        ),
    ] = False,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print the results as JSON.", rich_help_panel="Logging"),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print results only.", rich_help_panel="Logging")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show the trace of an error.", rich_help_panel="Logging"),
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and stop.",
            is_eager=True,
            callback=print_version,
            rich_help_panel="Logging",
        ),
    ] = False,
    given: dict[str, Any],
) -> None:
    """Train and test leave-one-subject-out on cached flows, and print pooled UF1 and UAR.

    The same command again continues an interrupted run and skips finished folds.

    Two examples:

    [bold]raicl-train flows.h5 --fold all[/bold]

    [bold]raicl-train casme2.h5 samm.h5 smic.h5 --protocol cde --preset tiny --fold 0-4[/bold]
    """
    console.configure(quiet=quiet, debug=debug)
    settings = merge_settings(preset, config, given)

    load_torch()
    from raicl.data.protocols import load_protocol
    from raicl.train import pictures as drawing
    from raicl.train.assembly import assemble
    from raicl.train.device import configure_torch, describe_device, resolve_device
    from raicl.train.events import summary_writer
    from raicl.train.experiment import Experiment
    from raicl.train.folds import leave_one_subject_out
    from raicl.train.loso import cross_validate
    from raicl.train.overview import describe_input, print_folds
    from raicl.train.report.summary import as_text
    from raicl.train.runs import default_folder, open_run
    from raicl.train.selection import select_folds
    from raicl.train.workers import threads_each

    if tensorboard:
        summary_writer()  # refuses now what else would end the run after its first epoch
    composite = assemble(flows, load_protocol(settings.protocol), settings)
    folds = leave_one_subject_out(composite.clips)
    if list_folds:
        print_folds(composite, folds, as_json=json)
        return
    chosen = select_folds(folds, fold or ["all"], note=console.say)
    jobs = resolve_jobs(jobs)
    configure_torch(
        threads=settings.threads or threads_each(jobs), deterministic=settings.deterministic
    )
    device = resolve_device(settings.device)
    draw = pictures and drawing.can_draw()

    folder = run_dir or default_folder(composite, settings)
    run = open_run(folder, composite, settings, overwrite=overwrite)
    for line in describe_input(composite):
        run.log(line)
    run.log(f"{len(chosen)} of {len(folds)} folds on {describe_device(device)}, run {folder}")
    if pictures and not draw:
        run.log(drawing.NEEDS)
    experiment = Experiment(
        composite=composite,
        settings=settings,
        folds=folds,
        device=device,
        run=run,
        draw=draw,
        jobs=jobs,
        tensorboard=tensorboard,
    )
    results = cross_validate(experiment, chosen)
    console.result(_json.dumps(results, indent=2) if json else f"{as_text(results)}\nrun {folder}")
    if results["failed"]:
        raise PartialError(
            f"{len(results['failed'])} of {len(chosen)} folds failed",
            where=", ".join(results["failed"]),
            fix=f"see {folder / 'run.log'}; the same command tries them again",
        )


def load_torch() -> None:
    """Load torch once the options are known to be right, so that --help answers at once.

    Raises
    ------
    SetupError : torch is not installed, or broken.
    """
    # OpenMP's idle threads spin, by default so long that one other busy program makes training ten
    # times slower; a short spin is also the fastest on an idle machine. Read when torch loads.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:
        raise SetupError(
            f"torch cannot be imported: {str(error).splitlines()[0]}",
            fix="pip install torch torchvision; `raicl doctor` checks the pair",
        ) from error


def merge_settings(preset: str | None, config: Path | None, given: dict[str, Any]) -> TrainSettings:
    """Built-in values < presets < configuration file < ``RAICL_*`` < command line."""
    return merge(TrainSettings, *base_layers(preset, config, given))


def base_layers(
    preset: str | None, config: Path | None, given: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """The layers of settings that a user gives, in rising precedence."""
    layers = [] if preset is None else preset_layers(preset)
    if config is not None:
        layers.append((str(config), read_toml(config)))
    return [*layers, ("environment", dict(environment(TrainSettings))), ("command line", given)]


def main() -> None:
    """Entry point of ``raicl-train``."""
    app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    app.command(epilog=EPILOG, no_args_is_help=True)(train)
    console.launch(lambda: run(app))
